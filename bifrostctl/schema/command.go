package schema

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/internal/cli"
)

// defaultFile is the schema's name in the project.
const defaultFile = "bifrost.schema.json"

// Command returns the command "schema". findProject finds the project's folder from the flag --dir.
func Command(findProject func(dir string) (string, error)) *cobra.Command {
	var address, file, dir, wanted string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Fetch the vendor's schema of config.json into the project",
		Long: `Fetches the JSON schema of config.json, checks that it is one, and writes it into the project, where gateway.schemaFile
names it: a preview then refuses what the schema refuses. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured. The vendor's URL has the
schema of the newest version, and it changes: commit the file, and pin what a pipeline fetches with --sha256.`,
		Example: `  bifrostctl schema
  bifrostctl schema \
    --url https://artifacts.internal.example.com/bifrost/config.schema.json
  pulumi config set --path 'bifrost:gateway.schemaFile' bifrost.schema.json`,
		Args: cobra.NoArgs,
	}
	cli.Answers(cmd, func(cmd *cobra.Command, _ []string, out io.Writer) (any, error) {
		target := file
		if !filepath.IsAbs(file) {
			project, err := findProject(dir)
			if err != nil {
				return nil, err
			}
			target = filepath.Join(project, file)
		}
		cli.Doing(cmd.Context(), "fetching "+address)
		fetched, err := Fetch(cmd.Context(), address, wanted)
		if err != nil {
			return nil, err
		}
		changed, err := Save(target, fetched.Text)
		if err != nil {
			return nil, err
		}
		fetched.report(out, target, changed, file)
		return answer{target, changed, fetched.Version, fetched.SHA256}, nil
	})
	flags := cmd.Flags()
	flags.StringVar(&address, "url", VendorURL, "fetch from this `URL`")
	flags.StringVarP(&file, "output", "o", defaultFile, "the `file` to write; a relative path begins in the project's folder")
	flags.StringVar(&wanted, "sha256", "", "refuse a schema with another `checksum`")
	flags.StringVar(&dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	return cmd
}

// answer are the fields of the JSON document.
type answer struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
	// Version is empty where the schema does not state it.
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

func (f *Fetched) report(out io.Writer, target string, changed bool, name string) {
	state, version := "unchanged", f.Version
	if changed {
		state = "written"
	}
	if version == "" {
		version = "not stated"
	}
	fmt.Fprintf(out, "%s %s, %d bytes\nversion  %s\nsha256   %s\n", target, state, len(f.Text), version, f.SHA256)
	fmt.Fprintf(out, "Name it:  pulumi config set --path 'bifrost:gateway.schemaFile' %s\n", name)
}
