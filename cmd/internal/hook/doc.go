// Package hook knows Git's hooks: what Git tells a hook about a push, where the
// hooks of a repository lie, and how petrascan's own are put there beside
// others (githooks).
package hook
