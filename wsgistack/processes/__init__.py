"""What lives longer than a request: threads, files that are watched, and what a forked process makes anew."""
