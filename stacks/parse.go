package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Raw is a stack's configuration as the engine hands it over.
type Raw struct {
	// Values by key, without the project's prefix; objects are JSON.
	Values map[string]string
	// Secret holds the keys that are stored encrypted, or hold something that is.
	Secret map[string]bool
	// Foreign are set keys of other projects or providers.
	Foreign []string
	// Dir is the project's folder, where relative paths begin; empty is the working directory.
	Dir string
	// File is the text of the stack file, which tells how a number is written; empty where nobody knows it.
	File []byte
}

// ConfigError is a refused configuration; nothing was registered. It lists every problem.
type ConfigError struct {
	Stack    string
	Problems field.ErrorList
	// Foreign are the problems of keys of other projects.
	Foreign field.ErrorList
}

func (e *ConfigError) Error() string {
	text := e.Listing() + "Edit Pulumi." + e.Stack + ".yaml"
	if forms := e.commands(); len(forms) > 0 {
		text += ", or: pulumi config set --stack " + e.Stack + " " + strings.Join(forms, ", or ")
		if slices.ContainsFunc(e.Problems, func(p *field.Error) bool { return ownName.MatchString(p.Field) }) {
			text += `, where a name in brackets takes quotes: ["NAME"]`
		}
	}
	return text
}

// ownName is a key of the user's own in a problem's path. Pulumi takes it in quotes alone.
var ownName = regexp.MustCompile(`\[[^\]0-9"][^\]]*\]`)

// Listing is every problem, one a line, without how a stack file is changed: for one that is not there yet.
func (e *ConfigError) Listing() string {
	var b strings.Builder
	noun := "problems"
	total := len(e.Problems) + len(e.Foreign)
	if total == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "the configuration of stack %s has %d %s:\n", e.Stack, total, noun)
	for _, p := range e.Foreign {
		fmt.Fprintf(&b, "  %s\n", p.Error())
	}
	said := map[string]bool{}
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "  %s:%s\n", Project, once(p, said).Error())
	}
	return b.String()
}

// onceFrom is how long a mend must be to be told of once.
const onceFrom = 60

// once refers to a long mend that another problem has told of already.
func once(p *field.Error, said map[string]bool) *field.Error {
	wrong, mend, has := strings.Cut(p.Detail, "; ")
	if !has || len(mend) < onceFrom {
		return p
	}
	if !said[mend] {
		said[mend] = true
		return p
	}
	short := *p
	short.Detail = wrong + "; see above"
	return &short
}

// commands are the forms of the arguments of `pulumi config set` by which one of the problems can be mended. A key that is wrong here is
// removed, a list or an object cannot be set where something else stands, and a boolean is saved as one whatever is wanted.
func (e *ConfigError) commands() []string {
	var plain, element, secret bool
	for _, p := range e.Problems {
		t := typeAt(pathSteps(p.Field))
		switch {
		case isAt(p.Field, "secrets"):
			secret = true
		case p.Type == field.ErrorTypeForbidden:
		case t == nil:
			plain = true
		case p.Type == field.ErrorTypeTypeInvalid:
			plain = plain || t.Kind() == reflect.Bool || t.Kind() == reflect.Int
		case t.Kind() == reflect.Slice:
			element = true
		case isScalarKind(t):
			plain = true
		}
	}
	var forms []string
	for _, form := range []struct {
		fits bool
		text string
	}{
		{plain, "--path '" + Project + ":KEY' VALUE"}, {element, "--path '" + Project + ":KEY[0]' VALUE"},
		{secret, "--secret --path '" + Project + ":secrets.KEY'"},
	} {
		if form.fits {
			forms = append(forms, form.text)
		}
	}
	return forms
}

// EnvironmentKeys returns the configuration keys that the Pulumi CLI hands to a program of its own process, with prefixes. A
// pulumi.Context gives values by key only, and a mistyped key would pass silently.
func EnvironmentKeys() []string {
	var values map[string]string
	if err := json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &values); err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(values))
}

// read collects the configuration of the running stack.
func read(ctx *pulumi.Context, opts Options) Raw {
	raw := Raw{Values: map[string]string{}, Secret: map[string]bool{}, Dir: opts.Dir, File: StackFile(opts.Dir, ctx.Stack())}
	prefix := Project + ":"
	for _, key := range append(slices.Clone(opts.Keys), knownKeys()...) {
		name, ours := strings.CutPrefix(key, prefix)
		if !ours {
			raw.Foreign = append(raw.Foreign, key)
			continue
		}
		if v, ok := ctx.GetConfig(key); ok {
			raw.Values[name], raw.Secret[name] = v, ctx.IsConfigSecret(key)
		}
	}
	return raw
}

// knownKeys are the top-level keys, with prefix.
func knownKeys() []string {
	var keys []string
	for _, f := range fieldNames(reflect.TypeFor[Config]()) {
		keys = append(keys, Project+":"+f)
	}
	return keys
}

// Parse decodes strictly and checks everything; the error is a *ConfigError with every problem.
func Parse(stack string, raw Raw) (*Config, error) {
	foreign := foreignKeys(raw)
	values, problems := decodeValues(raw)
	c := newConfig(stack)
	c.dir = raw.Dir
	read := decode(values, c)
	problems = append(problems, read.problems...)
	problems = append(problems, placeholders(values)...)
	problems = append(problems, lostDigits(raw.File, read.numbers)...)
	problems = append(problems, c.Gateway.loadFiles(raw.Dir)...)
	problems = append(problems, c.Network.loadFiles(raw.Dir)...)
	problems = append(problems, c.loadSchema(raw.Dir)...)
	c.resolve()
	found := c.validate()
	explainNumbers(found, read.numbers)
	problems = append(problems, withoutFollowUps(found, read.open)...)
	problems = append(problems, read.late...)
	if problems = distinct(problems); len(problems)+len(foreign) > 0 {
		return nil, &ConfigError{Stack: stack, Problems: problems, Foreign: foreign}
	}
	return c, nil
}

// mostSlips is how many letters of the project's name may be wrong: a namespace that is further away is somebody else's.
const mostSlips = 2

// readByProviders are namespaces of settings that providers would read by default, and nothing reads here.
var readByProviders = []string{"aws", "azure-native", "gcp", "kubernetes"}

// foreignKeys refuses settings of providers, and of a namespace that is this project's but for a slip: both would pass silently.
func foreignKeys(raw Raw) field.ErrorList {
	var problems field.ErrorList
	for _, key := range raw.Foreign {
		namespace, name, _ := strings.Cut(key, ":")
		switch p := field.NewPath(key); {
		case slices.Contains(readByProviders, namespace):
			problems = append(problems, field.Forbidden(p, fmt.Sprintf("default providers are disabled, so nothing reads %s; see the "+
				"objects of this project, such as aws, azure and google", name)))
		case levenshtein.Distance(namespace, Project, nil) <= mostSlips:
			problems = append(problems, field.Forbidden(p, fmt.Sprintf("nothing reads it; did you mean %s:%s?", Project, name)))
		}
	}
	return problems
}

// distinct keeps the first problem of each path: a placeholder also breaks the rules of its place, and a value of the wrong type
// is missing afterwards.
func distinct(problems field.ErrorList) field.ErrorList {
	seen := map[string]bool{}
	var kept field.ErrorList
	for _, p := range problems {
		if !seen[p.Field] {
			kept = append(kept, p)
		}
		seen[p.Field] = true
	}
	return kept
}
