// Package audit tells a report key by key to someone who has to act on it: does
// the key work, since when could who read it, where is it still, which entry in
// the portal is it, what is to be done in which order, and what is proven.
//
// The story is made once, as paragraphs, fields and steps; text and Markdown are
// two ways to print it. Whatever comes from a repository stands in code spans
// and is cleaned of what a terminal would act on.
package audit
