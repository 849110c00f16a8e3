package sandbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/mint"
)

func keysCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	var more, show bool
	cmd := &cobra.Command{
		Use:   "keys STACK",
		Short: "Show the keys that the vendor gave for its registry, or have it give another",
		Long: `Lists the keys of the vendor's service account with which the stack's image is pulled. The next up takes the last one, where
the stack file has none that it could read. sandbox remove deletes a key, sandbox change with disabled=true disables it.`,
		Example: `  bifrostctl sandbox keys local-dev --new
  bifrostctl sandbox up local-dev`,
		Args: cli.Stack,
	}
	answers(cmd, &request, func(r Runner, _ []string) error { return r.Keys(request, more, show) })
	cmd.Flags().BoolVar(&more, "new", false, "have the vendor make another key, beside those that there are")
	cmd.Flags().BoolVar(&show, "show", false, "print the last key itself, in base64, as secrets.registryKey takes it: it opens nothing "+
		"but the sandbox's registry")
	folderFlags(cmd, &request)
	return cmd
}

// Keys shows the keys of the service accounts whose keys the vendor gives, with what became of each, or prints the last one. With more, the
// vendor makes another one first.
func (r Runner) Keys(request Request, more, show bool) error {
	return r.change(request, func(world *cloud.World) error {
		keys := mint.AccountKeys(world.World, "")
		if len(keys) == 0 {
			return errors.New("the vendor gives no key: the stack pulls with none (kubernetes.pull key)")
		}
		if more {
			last := keys[len(keys)-1]
			email := path.Base(fmt.Sprint(last.State["serviceAccountId"]))
			if _, err := mint.NewAccountKey(world.World, last.Scope, email); err != nil {
				return err
			}
		}
		if show {
			document, made := mint.NewestAccountKey(world.World)
			if !made {
				return errors.New("the stack's key is its owner's own, and the sandbox has its public half alone")
			}
			encoded := base64.StdEncoding.EncodeToString([]byte(document))
			r.answer(keyList{Stack: request.Stack, Keys: []keyOf{}, Key: encoded})
			_, err := fmt.Fprintln(r.Stdout, encoded)
			return err
		}
		answer := keyList{Stack: request.Stack, Keys: []keyOf{}}
		for _, key := range mint.AccountKeys(world.World, "") {
			fmt.Fprintf(r.Stdout, "%s\t%s\t%s\n", key.ID, key.State["validAfter"], standingOf(key))
			answer.Keys = append(answer.Keys, keyOf{key.ID, fmt.Sprint(key.State["validAfter"]), standingOf(key)})
		}
		r.answer(answer)
		return nil
	})
}

// keyList are the fields of the JSON document; Key is there where it was asked for.
type keyList struct {
	Stack string  `json:"stack"`
	Keys  []keyOf `json:"keys"`
	Key   string  `json:"key,omitempty"`
}

type keyOf struct {
	ID         string `json:"id"`
	ValidAfter string `json:"validAfter"`
	// Standing is good, disabled or deleted.
	Standing string `json:"standing"`
}

// standingOf says whether a key is good.
func standingOf(key *cloud.Resource) string {
	switch {
	case key.Deleted:
		return "deleted"
	case key.State["disabled"] == true:
		return "disabled"
	}
	return "good"
}
