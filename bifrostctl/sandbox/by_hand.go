package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/wholefile"
	"bifrost/bifrostctl/sandbox/byhand"
)

func byHandCommand() *cobra.Command {
	request, manifest := Request{Self: os.Args[0]}, ""
	cmd := &cobra.Command{
		Use:   "by-hand STACK WAY",
		Short: "Make what a recipe, the chart or the module does, unknown to Pulumi",
		Long: `Makes what people have who followed the vendor's steps, in the stack's account, cluster and namespace, before its first up:
bifrostctl adopt finds it. WAY is eks, ecs or aks (the recipes), chart (its release bifrost), module or module-ecs (Terraform's).

--manifest writes the objects of Kubernetes for kubectl, and makes all else: a real cluster (--kubeconfig) gets them from you.`,
		Example: `  bifrostctl sandbox by-hand aws-dev eks
  bifrostctl sandbox by-hand aws-dev eks \
    --kubeconfig kind.yaml --manifest made.yaml`,
		ValidArgs: byhand.Ways,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || !byhand.Known(args[1]) {
				return fmt.Errorf("sandbox by-hand takes a stack's name and one of %s; see bifrostctl sandbox by-hand --help",
					strings.Join(byhand.Ways, ", "))
			}
			return nil
		},
	}
	answers(cmd, &request, func(r Runner, args []string) error { return r.ByHand(cmd.Context(), request, args[1], manifest) })
	kubeconfigFlag(cmd, &request)
	cmd.Flags().StringVar(&manifest, "manifest", "", "write the objects of Kubernetes to this `file`, for kubectl apply")
	folderFlags(cmd, &request)
	return cmd
}

// madeByHand are the own fields of the document of sandbox by-hand.
type madeByHand struct {
	Stack string `json:"stack"`
	Way   string `json:"way"`
	// Made counts what now exists.
	Made int `json:"made"`
	// Manifest is the file with the objects of Kubernetes where kubectl makes them.
	Manifest string `json:"manifest,omitempty"`
}

// ByHand makes what a way of the vendor's makes, which the engine does not learn of. The objects of Kubernetes go to the file manifest
// where that is named: a real cluster has them from kubectl.
func (r Runner) ByHand(ctx context.Context, request Request, way, manifest string) error {
	switch {
	case request.Kubeconfig != "" && manifest == "":
		return errors.New("--kubeconfig: nobody but kubectl makes objects in a real cluster here: say where to write them with " +
			"--manifest FILE")
	case manifest != "" && !byhand.OnKubernetes(way):
		return fmt.Errorf("--manifest: the way %s makes no objects of Kubernetes", way)
	}
	cluster, err := request.connect(ctx)
	if err != nil {
		return err
	}
	held, err := hold(request, cluster)
	if err != nil {
		return err
	}
	defer held.unlock()
	if err := held.folders.settled(held.world, request, held.server); err != nil {
		return err
	}
	var objects *bytes.Buffer
	if manifest != "" {
		objects = &bytes.Buffer{}
	}
	made, err := byhand.Make(ctx, held.world, held.server, way, lenient(held.project.values), objects)
	if err != nil {
		return &FailedError{Err: err}
	}
	if err := held.world.Save(held.folders.world()); err != nil {
		return &FailedError{Err: err}
	}
	adopts := strings.Join(append(append([]string{request.Self, "adopt", shellWord(request.Stack), "--sandbox"}, request.cluster()...),
		request.where()...), " ")
	r.answer(madeByHand{request.Stack, way, made, manifest})
	if objects == nil {
		fmt.Fprintf(r.Stdout, "Made %d things by hand, of which Pulumi does not know. What adopts them: %s\n", made, adopts)
		return nil
	}
	if err := wholefile.Write(manifest, objects.Bytes(), 0o600); err != nil {
		return &FailedError{Err: fmt.Errorf("--manifest: %w", err)}
	}
	fmt.Fprintf(r.Stdout, "Made %d things by hand, of which Pulumi does not know, and wrote the objects of Kubernetes: kubectl apply -f "+
		"%s. What adopts both: %s\n", made, shellWord(manifest), adopts)
	return nil
}
