"""One file for each task; the name of the file is the name of the task."""
