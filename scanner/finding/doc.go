// Package finding holds the words that petrascan's other packages speak: the
// key, the finding, the coverage, and the report that is made of them. It is
// the lowest floor of the project and imports the standard library only.
package finding
