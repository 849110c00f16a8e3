package schema

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
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
  bifrostctl schema --url https://artifacts.internal.example.com/bifrost/config.schema.json
  pulumi config set --path 'bifrost:gateway.schemaFile' bifrost.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target := file
			if !filepath.IsAbs(file) {
				project, err := findProject(dir)
				if err != nil {
					return err
				}
				target = filepath.Join(project, file)
			}
			fetched, err := Fetch(cmd.Context(), address, wanted)
			if err != nil {
				return err
			}
			changed, err := Save(target, fetched.Text)
			if err != nil {
				return err
			}
			fetched.report(cmd, target, changed, file)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&address, "url", VendorURL, "fetch from this `URL`")
	flags.StringVarP(&file, "output", "o", defaultFile, "the `file` to write; a relative path begins in the project's folder")
	flags.StringVar(&wanted, "sha256", "", "refuse a schema with another `checksum`")
	flags.StringVar(&dir, "dir", "", "the project's `folder` (default: the nearest parent with the project's Pulumi.yaml)")
	return cmd
}

func (f *Fetched) report(cmd *cobra.Command, target string, changed bool, name string) {
	state, version := "unchanged", f.Version
	if changed {
		state = "written"
	}
	if version == "" {
		version = "not stated"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s, %d bytes\nversion  %s\nsha256   %s\n", target, state, len(f.Text), version, f.SHA256)
	fmt.Fprintf(cmd.OutOrStdout(), "Name it:  pulumi config set --path 'bifrost:gateway.schemaFile' %s\n", name)
}
