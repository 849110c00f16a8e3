package cel_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/judge/cel"
)

func TestJudge(t *testing.T) {
	claims := map[string]any{"iss": "https://issuer.example/", "sub": "system:serviceaccount:bifrost:bifrost-pull", "azp": "client"}
	for name, c := range map[string]struct {
		mapping   map[string]string
		condition string
		holds     bool
		err       string
	}{
		"no condition":              {mapping: map[string]string{"google.subject": "assertion.sub"}, holds: true},
		"condition on a claim":      {mapping: map[string]string{"google.subject": "assertion.sub"}, condition: "assertion.azp == 'client'", holds: true},
		"condition on the subject":  {mapping: map[string]string{"google.subject": "assertion.sub"}, condition: "google.subject == assertion.sub", holds: true},
		"condition on an attribute": {mapping: map[string]string{"google.subject": "assertion.sub", "attribute.app": "assertion.azp"}, condition: "attribute.app == 'other'"},
		"no subject":                {mapping: map[string]string{"attribute.app": "assertion.azp"}, err: "google.subject is not mapped"},
		"long subject":              {mapping: map[string]string{"google.subject": "'" + strings.Repeat("x", 128) + "'"}, err: "google.subject has 128 bytes, more than 127"},
		"claim that is not there":   {mapping: map[string]string{"google.subject": "assertion.oid"}, err: "google.subject: no such key: oid"},
		"subject that is no text":   {mapping: map[string]string{"google.subject": "1"}, err: "google.subject is no text"},
		"condition that is no bool": {mapping: map[string]string{"google.subject": "assertion.sub"}, condition: "assertion.azp", err: "the condition is no boolean"},
	} {
		t.Run(name, func(t *testing.T) {
			subject, holds, err := cel.Judge(c.mapping, c.condition, claims)
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, claims["sub"], subject)
			require.Equal(t, c.holds, holds)
		})
	}
}

func TestCheckCondition(t *testing.T) {
	require.NoError(t, cel.CheckCondition("assertion.sub == 'x' && attribute.app == 'y'"))
	require.NoError(t, cel.CheckCondition("assertion.admin"), "of what type a claim is, nobody knows yet")
	require.ErrorContains(t, cel.CheckCondition("'x'"), "the condition is of type string, not bool")
	require.ErrorContains(t, cel.CheckCondition("claims.sub == 'x'"), "undeclared reference to 'claims'")
}
