"""Two texts read together by a small encoder: what the verifier and the reranker share at run time."""
