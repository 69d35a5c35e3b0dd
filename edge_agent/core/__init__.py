"""Pure: values and a time in, values out. No clock, no socket, no file, no library but numpy."""
