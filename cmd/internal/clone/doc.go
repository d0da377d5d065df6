// Package clone brings repositories that are elsewhere to this machine, whole
// and bare, for as long as it takes to read them. It is one of the two packages
// that open network connections; the other asks whether a key works.
//
// A clone has every ref that is served (refs/*, pull requests among them), no
// filter and no depth. Git makes it if it is on PATH, else go-git. Nothing of the
// cloned repository is run: a bare clone checks nothing out, and takes no hook
// and no configuration from the other side. What the user's own configuration
// could start in it is switched off.
//
// Credentials come from where Git has them, or from the address itself. They
// are in no error, in no argument of a program that is started, and in nothing
// that a [Source] prints.
package clone
