"""Speed and memory of the whole product on this machine, measured through the parts that serve people."""
