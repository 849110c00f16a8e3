package registrykey

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/registrykey/registrykeytest"
)

// FuzzParse: a key is the same as it is and as base64, its document is on one line and read as the same, and no error repeats a part of it.
func FuzzParse(f *testing.F) {
	key := registrykeytest.Make("acme-hub-pull@bifrost-dist.iam.gserviceaccount.com", "fuzz")
	for _, seed := range []string{
		key, base64.StdEncoding.EncodeToString([]byte(key)), key[:len(key)/2], "{}", `{"type": "service_account"}`, "AIzaSyA0", "",
		strings.Replace(key, `\n`, "", 1), strings.Replace(key, "service_account", "authorized_user", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			// A run of letters that only the key itself has.
			for _, line := range strings.Split(registrykeytest.Pem("fuzz"), "\n")[1:] {
				require.False(t, len(line) > 20 && strings.Contains(err.Error(), line[:20]), "an error tells the key")
			}
			return
		}
		require.NotContains(t, parsed.Document, "\n")
		require.NotNil(t, parsed.Private)
		again, err := Parse(parsed.Document)
		require.NoError(t, err)
		require.Equal(t, parsed, again)
		encoded, err := Parse(base64.StdEncoding.EncodeToString([]byte(parsed.Document)))
		require.NoError(t, err)
		require.Equal(t, parsed, encoded)
	})
}
