// Command schemakeys writes the names and kinds of the keys of config.json that the gateway's JSON schema has, one line an object:
//
//	client: allow_direct_keys=boolean allowed_headers=list ...
//
// A path has [] for the elements of a list and * for names that the user chooses. A name without a kind takes more than one.
// From the folder of the repository, with the schema that `bifrostctl schema` fetched:
//
//	go -C tools run ./schemakeys -schema ../bifrost.schema.json -version 1.5.16 > internal/gateway/configjson/keys.txt
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	file := flag.String("schema", "bifrost.schema.json", "the schema")
	version := flag.String("version", "", "the version of the gateway (transports) that the schema belongs to")
	flag.Parse()
	if err := run(*file, *version, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schemakeys:", err)
		os.Exit(1)
	}
}

func run(file, version string, out io.Writer) error {
	if version == "" {
		return fmt.Errorf("-version: which version of the gateway is the schema of?")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	w := walker{root: schema, objects: map[string]map[string]string{}}
	w.walk(schema, "", nil)
	return w.write(version, out)
}

// free are objects whose content is not the gateway's: what a plugin of the user's own takes.
var free = []string{"plugins[].config"}

// chosen are objects whose known names are examples of those that the user may choose: the content of all of them is the same.
var chosen = []string{"providers"}

type walker struct {
	root    map[string]any
	objects map[string]map[string]string
}

// walk collects the properties below a schema. All branches of alternatives are taken together. refs are the references on the way
// here: a schema that holds itself is not walked twice.
func (w *walker) walk(node any, path string, refs []string) {
	schema, ok := node.(map[string]any)
	if !ok || slices.Contains(free, path) {
		return
	}
	if ref, ok := schema["$ref"].(string); ok && !slices.Contains(refs, ref) {
		w.walk(w.resolve(ref), path, append(slices.Clone(refs), ref))
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		alternatives, _ := schema[key].([]any)
		for _, one := range alternatives {
			w.walk(one, path, refs)
		}
	}
	for _, key := range []string{"then", "else"} {
		w.walk(schema[key], path, refs)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		w.add(path, name, property)
		below := strings.TrimPrefix(path+"."+name, ".")
		if slices.Contains(chosen, path) {
			below = path + ".*"
		}
		w.walk(property, below, refs)
	}
	w.walk(schema["additionalProperties"], path+".*", refs)
	w.walk(schema["items"], path+"[]", refs)
}

func (w *walker) resolve(ref string) any {
	node := any(w.root)
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		object, _ := node.(map[string]any)
		node = object[step]
	}
	return node
}

// add notes a name. Where branches differ in its kind, it has none.
func (w *walker) add(path, name string, property any) {
	if w.objects[path] == nil {
		w.objects[path] = map[string]string{}
	}
	kind := w.kind(property, 0)
	known, there := w.objects[path][name]
	switch {
	case !there || known == "?":
		w.objects[path][name] = kind
	case kind != "?" && kind != known:
		w.objects[path][name] = ""
	}
}

var kinds = map[string]string{"string": "text", "number": "number", "integer": "integer", "boolean": "boolean", "array": "list",
	"object": "object"}

// kind is the one kind of a property; "?" says nothing of it, as the branch of an alternative that only narrows it.
func (w *walker) kind(property any, depth int) string {
	schema, _ := property.(map[string]any)
	if kind, ok := schema["type"].(string); ok {
		return kinds[kind]
	}
	if ref, ok := schema["$ref"].(string); ok && depth < 10 {
		return w.kind(w.resolve(ref), depth+1)
	}
	for _, key := range []string{"type", "anyOf", "oneOf"} {
		if schema[key] != nil {
			return ""
		}
	}
	return "?"
}

func (w *walker) write(version string, out io.Writer) error {
	b := bufio.NewWriter(out)
	fmt.Fprintf(b, "# Names and kinds of the keys of config.json, from the vendor's schema of transports %s. Written by tools/schemakeys: "+
		"see there.\n", version)
	for _, path := range slices.Sorted(maps.Keys(w.objects)) {
		fmt.Fprintf(b, "%s:", path)
		for _, name := range slices.Sorted(maps.Keys(w.objects[path])) {
			fmt.Fprintf(b, " %s", name)
			if kind := w.objects[path][name]; kind != "" && kind != "?" {
				fmt.Fprintf(b, "=%s", kind)
			}
		}
		fmt.Fprintln(b)
	}
	return b.Flush()
}
