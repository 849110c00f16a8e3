package stacks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway/configjson"
)

// loadFiles reads what the configuration names as files below dir, and tells what of them is wrong.
func (g *Gateway) loadFiles(dir string) field.ErrorList {
	return append(g.loadDatabaseCa(dir), g.loadConfig(dir)...)
}

func (g *Gateway) loadConfig(dir string) field.ErrorList {
	p := field.NewPath("gateway", "configFile")
	switch {
	case g.ConfigFile == "":
		return nil
	case len(g.Config) > 0:
		return field.ErrorList{field.Forbidden(p, "gateway.config is set, too; keep one of them")}
	}
	text, problem := readFile(dir, g.ConfigFile, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	document, err := configjson.Parse(text)
	if err != nil {
		return field.ErrorList{field.Invalid(p, g.ConfigFile, err.Error())}
	}
	if len(document) == 0 {
		return field.ErrorList{field.Invalid(p, g.ConfigFile, "an empty object")}
	}
	g.Config = document
	return nil
}

func readFile(dir, name string, p *field.Path) ([]byte, *field.Error) {
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		return nil, field.Invalid(p, name, "is an address, and a file is wanted: save it beside Pulumi.yaml, and write the file's name")
	}
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	text, err := os.ReadFile(file)
	var failed *os.PathError
	if errors.As(err, &failed) {
		return nil, field.Invalid(p, name, fmt.Sprintf("cannot be read: %s; relative paths begin in the folder of Pulumi.yaml", failed.Err))
	}
	return text, nil
}

// configPath is the key that config.json comes from.
func (g *Gateway) configPath() *field.Path {
	if g.ConfigFile != "" {
		return field.NewPath("gateway", "configFile")
	}
	return field.NewPath("gateway", "config")
}

// loadSchema reads the schema that config.json must meet, where one is named.
func (c *Config) loadSchema(dir string) field.ErrorList {
	p, name := field.NewPath("gateway", "schemaFile"), c.Gateway.SchemaFile
	if name == "" {
		return nil
	}
	text, problem := readFile(dir, name, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	schema, err := configjson.CompileSchema(text)
	if err != nil {
		return field.ErrorList{field.Invalid(p, name,
			fmt.Sprintf("%v; `bifrostctl schema` fetches the vendor's, https://www.getbifrost.ai/schema", err))}
	}
	c.schema = schema
	return nil
}
