"""What lives longer than a request: threads, watched and written files, and what a forked process makes anew."""
