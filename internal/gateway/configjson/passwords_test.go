package configjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestPasswordCommand: what prints a token must be somewhere. The image has no cloud's command line.
func TestPasswordCommand(t *testing.T) {
	t.Parallel()
	const aws = `{"command": "aws", "args": ["rds", "generate-db-auth-token"]}`
	pods := Facts{Mountable: true, Mounts: []string{"/opt/token/"}}
	for name, c := range map[string]struct {
		command string
		facts   Facts
		want    string
	}{
		"the image has no such program":      {aws, Facts{Mountable: true}, "the gateway's image has no program"},
		"a task takes no volume":             {aws, Facts{}, "no file of yours can be mounted into a task of ECS"},
		"a task takes no volume, by path":    {`{"command": "/opt/token/rds"}`, Facts{}, "can be mounted into a task of ECS"},
		"an image of one's own":              {aws, Facts{OwnImage: true}, ""},
		"a program in a volume":              {`{"command": "/opt/token/rds"}`, pods, ""},
		"a file that a container writes":     {`{"command": "cat", "args": ["/opt/token/current"]}`, pods, ""},
		"a path that leaves the volume":      {`{"command": "/opt/token/../rds"}`, pods, "the gateway's image has no program"},
		"a path beside the volume":           {`{"command": "/opt/tokens/rds"}`, pods, "the gateway's image has no program"},
		"no program":                         {`{}`, pods, "password_command.command: Required"},
		"a time limit without a unit":        {`{"command": "/opt/token/rds", "timeout": "10"}`, pods, "password_command.timeout: Forbidden"},
		"a time limit that is none":          {`{"command": "/opt/token/rds", "timeout": "0s"}`, pods, "password_command.timeout: Forbidden"},
		"a time limit as the gateway has it": {`{"command": "/opt/token/rds", "timeout": "1m30s"}`, pods, ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := strings.Replace(postgres(`, "password_command": `+c.command), `"password": "env.PG_PASSWORD", `, "", 1)
			d := document(t, `{"config_store": `+store+`}`)
			require.Empty(t, Validate(field.NewPath("p"), d, facts))
			problems := Check(field.NewPath("p"), d, c.facts, nil)
			if c.want == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Contains(t, problems[0].Error(), "p.config_store.config.password_command")
			require.Contains(t, problems[0].Error(), c.want)
		})
	}
}

// TestEmptyPassword: a variable that is there and empty is no password.
func TestEmptyPassword(t *testing.T) {
	t.Parallel()
	d := document(t, `{"logs_store": `+postgres("")+`}`)
	for value, problems := range map[string]int{"": 1, "x": 0} {
		facts := Facts{Value: func(string) (string, bool) { return value, true }}
		require.Len(t, Check(field.NewPath("p"), d, facts, nil), problems)
	}
	require.Empty(t, Check(field.NewPath("p"), d, Facts{Value: func(string) (string, bool) { return "", false }}, nil))
}
