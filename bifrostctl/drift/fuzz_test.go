package drift

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// FuzzRead: of every refresh there is an answer, which can be told, or an error.
func FuzzRead(f *testing.F) {
	object := map[string]any{"name": "a"}
	for _, events := range [][]apitype.EngineEvent{
		{began(roleURN, "aws:iam/role:Role"), found(apitype.OpUpdate, roleURN, "aws:iam/role:Role", state(roleURN, "aws:iam/role:Role", "a", object),
			state(roleURN, "aws:iam/role:Role", "a", nil), "name")},
		{began(jobURN, "kubernetes:batch/v1:CronJob"), {SummaryEvent: &apitype.SummaryEvent{}}},
	} {
		var text bytes.Buffer
		for _, event := range events {
			require.NoError(f, json.NewEncoder(&text).Encode(event))
		}
		f.Add(text.Bytes())
	}
	f.Add([]byte(`{"resOutputsEvent": {"metadata": {"op": "update", "new": null}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(bytes.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		_, err = json.Marshal(d)
		require.NoError(t, err)
		require.Equal(t, len(d.Changed)+len(d.Gone) == 0, d.None())
	})
}
