package sandbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/spf13/cobra"

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
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			request.name(args[0])
			return runner(cmd).Keys(request, more, show)
		},
	}
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
			_, err := fmt.Fprintln(r.Stdout, base64.StdEncoding.EncodeToString([]byte(document)))
			return err
		}
		for _, key := range mint.AccountKeys(world.World, "") {
			fmt.Fprintf(r.Stdout, "%s\t%s\t%s\n", key.ID, key.State["validAfter"], standingOf(key))
		}
		return nil
	})
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
