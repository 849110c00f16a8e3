package enginetest

import (
	"regexp"
	"strings"

	lifecycle "github.com/pulumi/pulumi/pkg/v3/engine/lifecycletest/framework"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/require"
)

// importCommand are the arguments of `pulumi import` that Import understands: all that tell where a thing belongs.
var importCommand = regexp.MustCompile(`pulumi import (\S+) (\S+) (\S+|"\$\([^)]*\)") --parent '([^=']+)=([^']+)' ` +
	`--provider '([^=']+)=([^']+)' --protect=false --generate-code=false`)

// Import carries a command out that is in a text. idOf is the id that a shell's command in it prints; nil where it names the id itself.
func (e *Engine) Import(text string, idOf func(command string) string) *Result {
	e.t.Helper()
	found := importCommand.FindStringSubmatch(text)
	require.NotNil(e.t, found, "no command in %s", text)
	typ, name, id, parent, provider := found[1], found[2], found[3], found[5], found[7]
	if command, isCommand := strings.CutPrefix(id, `"$(`); isCommand {
		id = idOf(strings.TrimSuffix(command, `)"`))
	}
	return e.run(lifecycle.ImportOp([]deploy.Import{{
		Type: tokens.Type(typ), Name: name, ID: resource.ID(id), Parent: resource.URN(parent), Provider: resource.URN(provider),
	}}), false)
}

// ImportCommands are the commands in a text, each once.
func ImportCommands(text string) []string {
	var all []string
	for _, command := range importCommand.FindAllString(text, -1) {
		if len(all) == 0 || all[len(all)-1] != command {
			all = append(all, command)
		}
	}
	return all
}
