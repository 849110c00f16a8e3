package iam

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrants(t *testing.T) {
	t.Parallel()
	grants, err := Grants(`{"Statement":[
		{"Effect":"Allow","Action":["a:B","a:C"],"Resource":["r","s"]},
		{"Effect":"Deny","NotAction":"a:B","NotResource":["r","s"],"Condition":{"Bool":{"aws:SecureTransport":false},"StringEquals":{"k":["1","2"]}}},
		{"Effect":"Allow","Principal":{"Service":"x","AWS":["y","z"]},"Action":"sts:AssumeRole"},
		{"Effect":"Allow","Principal":"*","Action":"a:B","Resource":"r"},
		{"Effect":"Deny","NotPrincipal":{"AWS":"y"},"Action":"a:B","Resource":"r"}]}`)
	require.NoError(t, err)
	require.Equal(t, []Grant{
		{"Allow", "", "a:B", "r", ""}, {"Allow", "", "a:B", "s", ""}, {"Allow", "", "a:C", "r", ""}, {"Allow", "", "a:C", "s", ""},
		{"Deny", "", "anything but a:B", "anything but r, s", "aws:SecureTransport Bool false, and k StringEquals 1 or 2"},
		{"Allow", "y", "sts:AssumeRole", "", ""}, {"Allow", "z", "sts:AssumeRole", "", ""}, {"Allow", "x", "sts:AssumeRole", "", ""},
		{"Allow", "*", "a:B", "r", ""}, {"Deny", "anybody but y", "a:B", "r", ""},
	}, grants)
	_, err = Grants("[unknown]")
	require.ErrorContains(t, err, "not a policy document")
}

func TestCovers(t *testing.T) {
	t.Parallel()
	one := Grant{"Allow", "", "ecr:GetImage", "arn:a/b", "k is v"}
	for name, c := range map[string]struct {
		by   Grant
		want bool
	}{
		"itself":            {one, true},
		"any action":        {Grant{"Allow", "", "ecr:*", "arn:a/b", "k is v"}, true},
		"any resource":      {Grant{"Allow", "", "ecr:GetImage", "*", "k is v"}, true},
		"no condition":      {Grant{"Allow", "", "ecr:GetImage", "arn:a/b", ""}, true},
		"another condition": {Grant{"Allow", "", "ecr:GetImage", "arn:a/b", "k is w"}, false},
		"another resource":  {Grant{"Allow", "", "ecr:*", "arn:a/c", ""}, false},
		"a denial":          {Grant{"Deny", "", "*", "*", ""}, false},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); require.Equal(t, c.want, c.by.Covers(one)) })
	}
}
