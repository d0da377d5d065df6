package report

// Clean makes text from outside safe to show on one line of a terminal: what
// would move the cursor, start a new line, reorder the text or not be seen at
// all is shown as an escape.
func Clean(s string) string { return clean(s) }

// Nearest returns the name that word was most likely meant to be, or "" if none
// is near.
func Nearest(word string, names []string) string { return nearest(word, names) }
