"""What a question says about where its answer lies: times, files, articles, several questions in one."""
