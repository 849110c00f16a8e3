package sandbox

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/sandbox/byhand"
)

func byHandCommand() *cobra.Command {
	request := Request{Self: os.Args[0]}
	cmd := &cobra.Command{
		Use:   "by-hand STACK WAY",
		Short: "Make what a recipe, the chart or the module does, unknown to Pulumi",
		Long: `Makes what people have who followed the vendor's steps, in the stack's account, cluster and namespace, before its first up:
bifrostctl adopt finds it. WAY is eks, ecs or aks (the recipes), chart (its release bifrost), module or module-ecs (Terraform's).`,
		Example:   "  bifrostctl sandbox by-hand aws-dev eks",
		ValidArgs: byhand.Ways,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || !byhand.Known(args[1]) {
				return fmt.Errorf("sandbox by-hand takes a stack's name and one of %s; see bifrostctl sandbox by-hand --help",
					strings.Join(byhand.Ways, ", "))
			}
			return nil
		},
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.ByHand(cmd.Context(), request, args[1]) })
	folderFlags(cmd, &request)
	return cmd
}

// madeByHand are the own fields of the document of sandbox by-hand.
type madeByHand struct {
	Stack string `json:"stack"`
	Way   string `json:"way"`
	// Made counts what now exists.
	Made int `json:"made"`
}

// ByHand makes what a way of the vendor's makes, which the engine does not learn of.
func (r Runner) ByHand(ctx context.Context, request Request, way string) error {
	held, err := hold(request, nil)
	if err != nil {
		return err
	}
	defer held.unlock()
	file := lenient(held.project.values)
	made, err := byhand.Make(ctx, held.world, held.server, way, file)
	if err != nil {
		return &FailedError{Err: err}
	}
	if err := held.world.Save(held.folders.world()); err != nil {
		return &FailedError{Err: err}
	}
	r.answer(madeByHand{request.Stack, way, made})
	fmt.Fprintf(r.Stdout, "Made %d things by hand, of which Pulumi does not know. What adopts them: %s\n", made,
		strings.Join(append([]string{request.Self, "adopt", shellWord(request.Stack), "--sandbox"}, request.where()...), " "))
	return nil
}
