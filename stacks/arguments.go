package stacks

import (
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// keys say from which configuration key a component's argument comes, by the argument's path: the longest path that fits decides, and
// deeper parts follow. An argument with the key "" is not the configuration's, or has a check of its own.
type keys map[string]string

// otherwise is the key of all arguments that a table does not name: they are keys themselves, below this one.
const otherwise = "*"

// of is the configuration key of an argument's path; empty where it has none.
func (k keys) of(argument string) string {
	named := ""
	for path := range k {
		if rest, fits := strings.CutPrefix(argument, path); fits && len(path) > len(named) &&
			(rest == "" || rest[0] == '.' || rest[0] == '[') {
			named = path
		}
	}
	switch key, parent := k[named], k[otherwise]; {
	case named != "" && key == "", named == "" && parent == "":
		return ""
	case named != "":
		return key + strings.TrimPrefix(argument, named)
	default:
		return parent + "." + argument
	}
}

// arguments adds the problems of a component's arguments, each under the key that it comes from.
func (k *checker) arguments(problems field.ErrorList, from keys) {
	for _, problem := range problems {
		if key := from.of(problem.Field); key != "" {
			mapped := *problem
			mapped.Field = key
			k.add(&mapped)
		}
	}
}

var repositoryIndex = regexp.MustCompile(`^repositoryArns\[(\d+)\]`)

// repositories leaves the image's own repository out, which registry.image says, and counts the additional ones from 0.
func repositories(problems field.ErrorList) field.ErrorList {
	var all field.ErrorList
	for _, problem := range problems {
		m := repositoryIndex.FindStringSubmatch(problem.Field)
		if m == nil {
			all = append(all, problem)
			continue
		}
		// The pattern has only digits there.
		if i, _ := strconv.Atoi(m[1]); i > 0 {
			counted := *problem
			counted.Field = "repositoryArns[" + strconv.Itoa(i-1) + "]"
			all = append(all, &counted)
		}
	}
	return all
}
