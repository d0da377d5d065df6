package config

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A position is a place in a file.
type position struct{ line, column int }

// positions says where everything in a TOML document stands, by its path: the
// names of tables and keys and the places in arrays, from 0, joined by dots, as
// in "allow.0.key" and "exclude.2". The document must be well-formed.
func positions(data []byte) map[string]position {
	x := index{at: map[string]position{}, arrays: map[string]int{}}
	x.parser.Reset(data)
	table := ""
	for x.parser.NextExpression() {
		e := x.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			table = x.key("", e)
		case unstable.ArrayTable:
			name := x.key("", e)
			table = join(name, strconv.Itoa(x.arrays[name]))
			x.at[table] = x.where(lastKey(e))
			x.arrays[name]++
		case unstable.KeyValue:
			x.value(x.key(table, e), e.Value())
		}
	}
	return x.at
}

type index struct {
	parser unstable.Parser
	at     map[string]position
	arrays map[string]int // entries so far of an array of tables
}

// key notes where a key stands and returns its path.
func (x *index) key(table string, e *unstable.Node) string {
	path := table
	for it := e.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		if _, ok := x.at[path]; !ok {
			x.at[path] = x.where(it.Node())
		}
	}
	return path
}

func (x *index) value(path string, v *unstable.Node) {
	i := 0
	for it := v.Children(); it.Next(); i++ {
		switch n := it.Node(); {
		case v.Kind == unstable.InlineTable:
			x.value(x.key(path, n), n.Value())
		case v.Kind == unstable.Array:
			element := join(path, strconv.Itoa(i))
			x.at[element] = x.where(n)
			if n.Kind == unstable.InlineTable || n.Kind == unstable.Array {
				x.at[element] = x.at[path] // brackets have no place of their own
				x.value(element, n)
			}
		}
	}
}

func (x *index) where(n *unstable.Node) position {
	start := x.parser.Shape(n.Raw).Start
	return position{start.Line, start.Column}
}

func lastKey(e *unstable.Node) *unstable.Node {
	var last *unstable.Node
	for it := e.Key(); it.Next(); {
		last = it.Node()
	}
	return last
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
