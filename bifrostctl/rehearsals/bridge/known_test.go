package bridge_test

import (
	"path"
	"strings"
)

// difference is one that is known, and why it stays.
type difference struct {
	// what is the question's, typ the type's name, at the property's path as the tables write it, kind the property's. A * stands for any.
	what, typ, at, kind string
	why                 string
}

func (d difference) meets(s *sample, q question) bool {
	name := s.token[strings.LastIndex(s.token, ":")+1:]
	return match(d.what, q.what) && match(d.typ, name) && match(d.at, tablePath(q.path)) && match(d.kind, q.kind)
}

func match(pattern, text string) bool {
	ok, err := path.Match(pattern, text)
	return ok && err == nil
}

var known = []difference{
	{"given*", "*", "namePrefix", "string", "Terraform refuses a prefix beside a name, no table does; the program gives no prefix"},
	{"*ignored", "*", `*\[*`, "string", `the bridge knows tags["managed-by"] as tags.managed-by; the program ignores no single tag`},
	{"*ignored", "*", "*", inSet, "a changed member of a set is another member for Terraform; the program ignores nothing there"},
	{"state changed", "TaskDefinition", "volumes.configureAtLaunch", "*",
		"a computed value in a set makes its member another one for Terraform; ECS never changes a revision"},
	{"*nothing", "*", "*", "object", "an empty block is a block for Terraform; the program gives none, and no service answers with one"},
}
