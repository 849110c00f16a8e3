package double

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseFault: what is read does something, and says its text, which is read as the same; what is not says its text and the grammar.
func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{
		"type=aws:iam/role:Role,op=create,when=after,error=throttled", "type=*,op=delete,times=3,delay=30s", "type=a,op=create,stale=2",
		"type=a,op=invoke,error=a, b=c, d", "type=a,op=create,error=", "op=create", "type=a,op=create,times=99999999999999999999,error=x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			require.Zero(t, fault)
			require.ErrorContains(t, err, FaultGrammar)
			return
		}
		require.Equal(t, text, fault.String())
		require.True(t, fault.Error != "" || fault.Delay > 0 || fault.Stale > 0)
		require.Positive(t, fault.Times)
		require.NotEmpty(t, fault.Type)
	})
}
