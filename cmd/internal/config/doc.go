// Package config reads petrascan's configuration: files in TOML
// (https://toml.io/en/v1.0.0), and baselines, which are lists of key ids.
//
// There are two kinds of file. The user's, which may set everything that a flag
// can, and a repository's own, which may leave findings out and add rules and
// nothing else: whoever writes to a repository must not be able to switch off
// what watches over it. Both are read strictly; what is wrong with them is told
// with file, line and column, all of it at once.
//
// No message quotes a key, even where somebody wrote one into a file by mistake.
package config
