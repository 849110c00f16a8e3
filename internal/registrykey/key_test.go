package registrykey_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/registrykey"
	"bifrost/internal/registrykey/registrykeytest"
)

func TestParse(t *testing.T) {
	t.Parallel()
	made := registrykeytest.Make("acme-pull@bifrost-dist.iam.gserviceaccount.com", "one")
	encoded := base64.StdEncoding.EncodeToString([]byte(made))
	for name, text := range map[string]string{
		"as it comes": made, "with space around it": "\n" + made + "\n", "base64": encoded,
		"base64 in lines": encoded[:76] + "\n" + encoded[76:] + "\n",
	} {
		key, err := registrykey.Parse(text)
		require.NoError(t, err, name)
		require.Equal(t, "acme-pull@bifrost-dist.iam.gserviceaccount.com", key.ClientEmail, name)
		require.Equal(t, "bifrost-dist", key.ProjectId, name)
		require.Equal(t, registrykeytest.Id("one"), key.Id, name)
		require.NotContains(t, key.Document, "\n", name)
		require.JSONEq(t, made, key.Document, name)
		require.NoError(t, key.Private.Validate(), name)
	}
}

// TestRefused: what is no key, or only a part of one, is told without repeating it.
func TestRefused(t *testing.T) {
	t.Parallel()
	made := registrykeytest.Make("acme-pull@bifrost-dist.iam.gserviceaccount.com", "one")
	without := func(change map[string]any) string {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(made), &fields))
		maps.Copy(fields, change)
		text, err := json.Marshal(fields)
		require.NoError(t, err)
		return string(text)
	}
	for _, c := range []struct{ text, want string }{
		{"CANARY", "neither the JSON document of a key nor base64"},
		{"AIzaSyCANARY-canary", "neither the JSON document of a key nor base64"},
		{made[:len(made)/2], "cut off"},
		{base64.StdEncoding.EncodeToString([]byte("CANARY")), "not a JSON document"},
		{without(map[string]any{"type": "external_account"}), "its type is not service_account"},
		{without(map[string]any{"type": "authorized_user", "refresh_token": "CANARY"}), "its type is not service_account"},
		{without(map[string]any{"project_id": "", "private_key_id": ""}), "without private_key_id and project_id"},
		{without(map[string]any{"client_email": "CANARY@example.com"}), "client_email"},
		{without(map[string]any{"token_uri": "https://CANARY.example.com/token"}), "token_uri is not https://oauth2.googleapis.com/token"},
		{without(map[string]any{"private_key": "CANARY"}), "not PEM"},
		{without(map[string]any{"private_key": "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n"}), "damaged"},
		{without(map[string]any{"private_key": strings.ReplaceAll(registrykeytest.Pem("one"), "\n", `\n`)}), "not PEM"},
	} {
		_, err := registrykey.Parse(c.text)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "CANARY")
	}
}
