package stacks

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// StackFile is the text of a stack's file in the project's folder, for Raw; nil where there is none: the CLI may have read another.
func StackFile(dir, stack string) []byte {
	text, err := os.ReadFile(filepath.Join(dir, "Pulumi."+stack+".yaml"))
	if err != nil {
		return nil
	}
	return text
}

// lostDigits refuses numbers in the place of texts that the engine hands over with other digits than the file has: YAML reads 0471 as
// octal, and no number keeps a zero at its end. Numbers are those handed over, by path. A fraction is one only where any text may stand:
// elsewhere 0.50 means what 0.5 does. What the file does not have is passed over.
func lostDigits(file []byte, numbers map[string]string) field.ErrorList {
	var document yaml.Node
	if len(numbers) == 0 || yaml.Unmarshal(file, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	var problems field.ErrorList
	for _, path := range slices.Sorted(maps.Keys(numbers)) {
		steps, handed := pathSteps(path), numbers[path]
		found := nodeAt(document.Content[0], append([]string{"config"}, steps...))
		if found == nil || found.Kind != yaml.ScalarNode || found.Value == handed || !sameNumber(found, handed) {
			continue
		}
		if parent := typeAt(steps[:len(steps)-1]); found.Tag == "!!float" && (parent == nil || parent.Kind() != reflect.Map) {
			continue
		}
		problems = append(problems, field.Invalid(field.NewPath(path), handed, fmt.Sprintf(
			"the stack file has %s, which is a number, and %s as one: write the digits in quotes, %q", found.Value, handed, found.Value)))
	}
	return problems
}

// nodeAt is what stands at some keys and places in lists; nil where nothing does. The first key of the program may lack its prefix.
func nodeAt(at *yaml.Node, steps []string) *yaml.Node {
	for depth, step := range steps {
		var next *yaml.Node
		switch at.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(at.Content); i += 2 {
				if key := at.Content[i].Value; key == step || depth == 1 && key == Project+":"+step {
					next = at.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i < len(at.Content) {
				next = at.Content[i]
			}
		}
		if next == nil {
			return nil
		}
		if at = next; at.Kind == yaml.AliasNode {
			at = at.Alias
		}
	}
	return at
}

// sameNumber tells whether a scalar is the number that was handed over, and not one that another file or a setting has in its place.
func sameNumber(written *yaml.Node, handed string) bool {
	var value, number float64
	return written.Decode(&value) == nil && yaml.Unmarshal([]byte(handed), &number) == nil && value == number
}
