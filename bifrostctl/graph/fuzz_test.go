package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/graph"
)

// FuzzRead: of every state and preview that is read there is a picture, which is XML, and a diagram.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"digest.json", "plan.json", "events.json"} {
		text, err := os.ReadFile(filepath.Join("..", "changes", "testdata", file))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"deployment": {"resources": [{"urn": "` + stack + `", "type": "pulumi:pulumi:Stack"}, {"urn": "` + pull + `", "parent": "` + stack +
		`"}, {"urn": "` + role + `", "custom": true, "parent": "` + pull + `", "dependencies": ["` + role + `", "` + grant + `"]}]}}`))
	f.Add([]byte(`{"deployment": {"resources": [{"urn": "urn:pulumi:a::b::c::\u0000<x>", "parent": "urn:pulumi:a::b::c::\u0000<x>"}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := graph.Read(text)
		if err != nil {
			return
		}
		_, err = read.Mermaid()
		require.NoError(t, err)
		var picture bytes.Buffer
		require.NoError(t, read.SVG(&picture))
		tokens := xml.NewDecoder(strings.NewReader(picture.String()))
		for {
			if _, err = tokens.Token(); err != nil {
				break
			}
		}
		require.True(t, errors.Is(err, io.EOF), "%v", err)
	})
}
