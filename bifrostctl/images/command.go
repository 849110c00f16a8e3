package images

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
)

// Command returns the command "images". transport carries the questions to the registries.
func Command(transport http.RoundTripper) *cobra.Command {
	var dir string
	var write bool
	wanted := map[string]*string{}
	cmd := &cobra.Command{
		Use:   "images STACK",
		Short: "Pin the refresher's images by digest in the stack file",
		Long: `Asks the registries which digest the tags of the refresher's images have now, shows what changes in the stack file, and with
--write writes it. An image is then HOST/REPOSITORY:TAG@sha256:DIGEST: the digest is what runs, the tag is what the next run of this command
asks for. A flag asks for another image or a newer tag. Every other line of the stack file stays as it is. STACK is the name of a stack of
the project, or a folder that holds one stack file, with a slash in its path. Logins of the registries are those of docker, where there are
any. HTTPS_PROXY and NO_PROXY are honoured.`,
		Example: `  bifrostctl images aws-dev
  bifrostctl images aws-dev --write
  bifrostctl images aws-dev --write \
    --kubectl registry.k8s.io/kubectl:v1.35.2`,
		Args:              cli.Stack,
		ValidArgsFunction: cli.CompleteStacks,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		file, err := Open(dir, args[0])
		if err != nil {
			return nil, err
		}
		cli.Doing(cmd.Context(), "asking the registries")
		pinned, err := pin(cmd, transport, file, wanted)
		if err != nil {
			return nil, err
		}
		written, err := finish(out, file, pinned, write)
		found := answer{file.Path, written, []pinnedImage{}}
		for _, i := range pinned {
			found.Images = append(found.Images, pinnedImage{"refresher.images." + i.Key, i.Now, i.Pinned})
		}
		return found, err
	})
	flags := cmd.Flags()
	for _, key := range []string{Aws, Gcloud, Kubectl} {
		wanted[key] = flags.String(key, "", "ask for this `image` instead of the one that the stack has")
	}
	flags.BoolVar(&write, "write", false, "write the keys into the stack file")
	flags.StringVar(&dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	return cmd
}

// answer are the fields of the JSON document.
type answer struct {
	File    string        `json:"file"`
	Written bool          `json:"written"`
	Images  []pinnedImage `json:"images"`
}

// pinnedImage is an image of the refresher: the key, what it has, and what pins it.
type pinnedImage struct {
	Key    string `json:"key"`
	Now    string `json:"now"`
	Pinned string `json:"pinned"`
}

// pin asks for the images that the stack uses. A flag for one that it does not use is an error.
func pin(cmd *cobra.Command, transport http.RoundTripper, file *File, wanted map[string]*string) ([]Image, error) {
	used := file.Of()
	for key, asked := range wanted {
		if *asked != "" && !slices.ContainsFunc(used, func(i Image) bool { return i.Key == key }) {
			return nil, fmt.Errorf("--%s: the refresher of %s does not use this image", key, file.Path)
		}
	}
	for i := range used {
		asked := used[i].Now
		if other := *wanted[used[i].Key]; other != "" {
			asked = other
		}
		pinned, err := Pin(cmd.Context(), transport, asked)
		if err != nil {
			return nil, fmt.Errorf("refresher.images.%s: %w", used[i].Key, err)
		}
		used[i].Pinned = pinned
	}
	return used, nil
}

// finish shows the changes and, where that is wanted, writes them.
func finish(out io.Writer, file *File, pinned []Image, write bool) (written bool, err error) {
	if len(pinned) == 0 {
		fmt.Fprintf(out, "%s has no refresher\n", file.Path)
		return false, nil
	}
	edited, changes := file, 0
	for _, i := range pinned {
		if !i.Changes() {
			fmt.Fprintf(out, "refresher.images.%s\n    %s\n", i.Key, i.Now)
			continue
		}
		fmt.Fprintf(out, "refresher.images.%s\n  - %s\n  + %s\n", i.Key, i.Now, i.Pinned)
		changes++
		if edited, err = edited.With(i.Key, i.Pinned); err != nil {
			return false, err
		}
	}
	switch {
	case changes == 0:
		fmt.Fprintf(out, "%s is up to date\n", file.Path)
		return false, nil
	case !write:
		fmt.Fprintf(out, "%s is unchanged; --write writes it\n", file.Path)
		return false, nil
	}
	if err := edited.save(); err != nil {
		return false, err
	}
	fmt.Fprintf(out, "%s written; look at the preview, then commit it\n", file.Path)
	return true, nil
}

// save replaces the file's text; its mode and place stay.
func (f *File) save() error { return os.WriteFile(f.Path, []byte(f.text()), 0o644) }
