package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/petrascan/petrascan/scanner/finding"
)

// strict closes every object of the schema, so that a member which the schema
// does not describe fails the test.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok {
			v["additionalProperties"] = false
		}
		for _, w := range v {
			strict(w)
		}
	case []any:
		for _, w := range v {
			strict(w)
		}
	}
}

func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	strict(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSON(t *testing.T) {
	schema := validator(t)
	for name, r := range map[string]*finding.Report{"rich": rich(), "clear": clear()} {
		got := written(t, JSON, r, Options{})
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasSuffix(got, []byte("}\n")) || bytes.HasSuffix(got, []byte("\n\n")) {
			t.Errorf("%s: ends with %q", name, got[len(got)-4:])
		}
		if bytes.Contains(got, []byte(`\u003c`)) || bytes.Contains(got, []byte(`\u0026`)) {
			t.Errorf("%s: HTML is escaped", name)
		}
		nulls := regexp.MustCompile(`"(\w+)": null`)
		for _, m := range nulls.FindAllSubmatch(got, -1) {
			switch string(m[1]) {
			case "first_seen", "last_seen", "removed", "created_no_later_than":
			default:
				t.Errorf("%s: %s is null", name, m[1])
			}
		}
		// encoding/json agrees on the layout, but for what is escaped more.
		var plain bytes.Buffer
		if err := json.Indent(&plain, got, "", "  "); err != nil || plain.String() != string(got) {
			t.Errorf("%s: not indented as encoding/json does: %v", name, err)
		}
		var back finding.Report
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		if again := written(t, JSON, &back, Options{}); !bytes.Equal(again, got) {
			t.Errorf("%s: reading and writing again changes the report", name)
		}
	}
}

// TestSchemaCoversModel expects the schema to know every member of the model
// and no other.
func TestSchemaCoversModel(t *testing.T) {
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct {
			Properties map[string]any
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]any{
		"finding": finding.Finding{}, "exposure": shownExposure{}, "scan": finding.Scan{}, "moment": finding.Moment{}, "unread": finding.Unread{},
	} {
		want := members(reflect.TypeOf(of))
		for m := range want {
			if _, ok := doc.Defs[name].Properties[m]; !ok {
				t.Errorf("%s lacks %s", name, m)
			}
		}
		for m := range doc.Defs[name].Properties {
			if !want[m] {
				t.Errorf("%s has %s, the model has not", name, m)
			}
		}
	}
}

func members(t reflect.Type) map[string]bool {
	m := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			for name := range members(field.Type) {
				m[name] = true
			}
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" {
			m[name] = true
		}
	}
	return m
}

// TestSchemaIsWhole compares the schema with the types of the report: each member
// that a report can have is described, and nothing else is.
func TestSchemaIsWhole(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	defs := schema["$defs"].(map[string]any)
	resolve := func(node map[string]any) map[string]any {
		for _, one := range []string{"anyOf", "oneOf"} { // or null
			if ways, ok := node[one].([]any); ok {
				node = ways[0].(map[string]any)
			}
		}
		if ref, ok := node["$ref"].(string); ok {
			node = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
		return node
	}
	var compare func(at string, typ reflect.Type, node map[string]any)
	compare = func(at string, typ reflect.Type, node map[string]any) {
		node = resolve(node)
		if typ == reflect.TypeFor[finding.Exposure]() {
			typ = reflect.TypeFor[shownExposure]() // as it is written
		}
		switch typ.Kind() {
		case reflect.Pointer:
			compare(at, typ.Elem(), node)
			return
		case reflect.Slice:
			compare(at+"[]", typ.Elem(), node["items"].(map[string]any))
			return
		case reflect.Struct:
		default:
			return
		}
		described, ok := node["properties"].(map[string]any)
		if !ok {
			t.Errorf("%s: the schema describes no members", at)
			return
		}
		var names []string
		var fields func(typ reflect.Type)
		fields = func(typ reflect.Type) {
			for i := range typ.NumField() {
				f := typ.Field(i)
				if f.Anonymous {
					fields(f.Type)
					continue
				}
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "-" {
					continue
				}
				names = append(names, name)
				if child, ok := described[name].(map[string]any); ok {
					compare(at+"."+name, f.Type, child)
				} else {
					t.Errorf("%s.%s is not in the schema", at, name)
				}
			}
		}
		fields(typ)
		for name := range described {
			if !slices.Contains(names, name) {
				t.Errorf("%s.%s is in the schema, and no report has it", at, name)
			}
		}
	}
	compare("report", reflect.TypeFor[finding.Report](), schema)
}
