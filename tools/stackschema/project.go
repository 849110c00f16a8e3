package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// providers is the entry of Pulumi.yaml after which the keys of the project follow.
const providers = "  pulumi:disable-default-providers:\n    value: [\"*\"]\n"

var projectTypes = map[string]string{text: "string", boolean: "boolean", object: "object", mapping: "object"}

// project is Pulumi.yaml with the keys written anew.
func (c *configuration) project(old []byte) ([]byte, error) {
	head, _, found := bytes.Cut(old, []byte(providers))
	if !found {
		return nil, fmt.Errorf("%s lacks the entry pulumi:disable-default-providers", projectFile)
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(providers)
	b.WriteString("  # What follows is written by make docs, from the comments of stacks.Config.\n")
	for _, k := range c.keys {
		fmt.Fprintf(&b, "  %s:\n    type: %s\n", k.name, projectTypes[k.typ.kind])
		switch {
		case projectTypes[k.typ.kind] == "object":
			b.WriteString("    default: {}\n")
		case k.literal != "":
			fmt.Fprintf(&b, "    default: %s\n", k.literal)
		case !k.required: // Pulumi demands what has no default
			b.WriteString("    default: \"\"\n")
		}
		fmt.Fprintf(&b, "    description: %s\n", quoted(k.description))
	}
	return b.Bytes(), nil
}

// quoted is a text as YAML takes it: plain, unless a part of it means something there.
func quoted(text string) string {
	if text == "" {
		return `""`
	}
	if strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.ContainsAny(text[:1], "`\"'[{*&!|>%@-?") {
		return strconv.Quote(text)
	}
	return text
}
