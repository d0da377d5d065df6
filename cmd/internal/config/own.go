package config

import (
	"errors"
	"io/fs"

	"github.com/petrascan/petrascan/scanner"
)

// ReadOwn reads what a repository says for itself, as [scanner.Options] wants
// it: its configuration and its baseline.
func ReadOwn(prefix string, read scanner.ReadFile) (*scanner.Own, error) {
	own := &scanner.Own{}
	c, err := Load(prefix, read)
	if err != nil {
		return nil, err
	}
	own.Allow, own.Exclude, own.Rules = c.Allow, c.List("exclude"), c.Rules
	own.Baseline, err = LoadBaseline(prefix, read)
	return own, err
}

// Load reads a repository's configuration, which is empty if there is none.
func Load(prefix string, read scanner.ReadFile) (*Config, error) {
	data, err := read(Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Config{}, nil
	case err != nil:
		return nil, err
	}
	return Parse(prefix+Name, data, Repository)
}

// LoadBaseline reads a repository's baseline, which is empty if there is none.
func LoadBaseline(prefix string, read scanner.ReadFile) ([]scanner.Allow, error) {
	data, err := read(BaselineName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return ParseBaseline(prefix+BaselineName, data)
}
