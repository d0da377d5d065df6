package repo

import (
	"errors"
	"fmt"
	"strings"
)

// parseConfig reads the text of a configuration file (git-config, "Syntax").
func parseConfig(data []byte) ([]variable, error) {
	p := configParser{text: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	var vars []variable
	section := ""
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return vars, nil
		case isConfigSpace(c):
		case c == '#' || c == ';':
			p.skipLine()
		case c == '[':
			var err error
			if section, err = p.section(); err != nil {
				return nil, p.fail(err)
			}
		case isAlpha(c):
			p.back()
			v, err := p.variable()
			if err != nil {
				return nil, p.fail(err)
			}
			if section != "" {
				v.key = section + "." + v.key
			}
			vars = append(vars, v)
		default:
			return nil, p.fail(fmt.Errorf("unexpected %q", c))
		}
	}
}

type configParser struct {
	text string
	pos  int
	line int
}

// next returns the next byte, a CRLF as one LF.
func (p *configParser) next() (byte, bool) {
	if p.pos >= len(p.text) {
		return 0, false
	}
	c := p.text[p.pos]
	p.pos++
	if c == '\r' && p.pos < len(p.text) && p.text[p.pos] == '\n' {
		c = '\n'
		p.pos++
	}
	if c == '\n' {
		p.line++
	}
	return c, true
}

// back takes back the last byte, which must not have been a line end.
func (p *configParser) back() { p.pos-- }

// fail names the line of the byte that was read last.
func (p *configParser) fail(err error) error {
	line := p.line
	if p.pos > 0 && p.text[p.pos-1] == '\n' {
		line--
	}
	return fmt.Errorf("line %d: %w", line, err)
}

func (p *configParser) skipLine() {
	for {
		if c, ok := p.next(); !ok || c == '\n' {
			return
		}
	}
}

var errSection = errors.New("section header is not closed")

// section reads a section header whose "[" has been read.
func (p *configParser) section() (string, error) {
	var name strings.Builder
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			return "", errSection
		case c == ']':
			return name.String(), nil
		case isConfigSpace(c):
			sub, err := p.subsection()
			return name.String() + "." + sub, err
		case isKeyByte(c) || c == '.':
			name.WriteByte(lower(c))
		default:
			return "", fmt.Errorf("unexpected %q in a section header", c)
		}
	}
}

func (p *configParser) subsection() (string, error) {
	for {
		c, ok := p.next()
		if !ok || c == '\n' {
			return "", errSection
		}
		if c == '"' {
			break
		}
		if !isConfigSpace(c) {
			return "", fmt.Errorf("unexpected %q in a section header", c)
		}
	}
	var sub strings.Builder
	for {
		c, ok := p.next()
		if ok && c == '"' {
			break
		}
		if ok && c == '\\' {
			c, ok = p.next()
		}
		if !ok || c == '\n' {
			return "", errSection
		}
		sub.WriteByte(c)
	}
	if c, ok := p.next(); !ok || c != ']' {
		return "", errSection
	}
	return sub.String(), nil
}

func (p *configParser) variable() (variable, error) {
	var key strings.Builder
	for {
		c, ok := p.next()
		if ok && isKeyByte(c) {
			key.WriteByte(lower(c))
			continue
		}
		for ok && (c == ' ' || c == '\t') {
			c, ok = p.next()
		}
		switch {
		case !ok || c == '\n':
			return variable{key: key.String(), bare: true}, nil
		case c != '=':
			return variable{}, fmt.Errorf("unexpected %q after the name %s", c, key.String())
		}
		value, err := p.value()
		return variable{key: key.String(), value: value}, err
	}
}

func (p *configParser) value() (string, error) {
	var value []byte
	quoted := false
	kept := 0 // length without trailing blanks
	for {
		c, ok := p.next()
		switch {
		case !ok || c == '\n':
			if quoted {
				return "", errors.New("a quoted value is not closed")
			}
			return string(value[:kept]), nil
		case !quoted && isConfigSpace(c):
			if len(value) > 0 {
				value = append(value, c)
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return string(value[:kept]), nil
		case c == '"':
			quoted = !quoted
		case c == '\\':
			c, ok = p.next()
			i := strings.IndexByte("tbn\\\"", c)
			switch {
			case !ok || c == '\n':
				continue
			case i < 0:
				return "", errors.New("unknown escape in a value")
			}
			value = append(value, "\t\b\n\\\""[i])
		default:
			value = append(value, c)
		}
		kept = len(value)
	}
}

// isConfigSpace follows Git's own idea of white space, whatever the locale.
func isConfigSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isKeyByte(c byte) bool { return isAlpha(c) || isDigit(c) || c == '-' }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
