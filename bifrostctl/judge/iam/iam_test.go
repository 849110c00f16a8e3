package iam

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvaluate(t *testing.T) {
	const (
		role = "arn:aws:iam::111122223333:role/r"
		repo = "arn:aws:ecr:us-east-1:444455556666:repository/acme"
	)
	pull := Request{AWS: []string{role, "111122223333"}, Action: "ecr:BatchGetImage", Resource: repo}
	for name, c := range map[string]struct {
		document string
		request  Request
		want     Decision
	}{
		"exact":             {`{"Statement":[{"Effect":"Allow","Action":["ecr:BatchGetImage"],"Resource":["` + repo + `"]}]}`, pull, Decision{Allowed: true, Principal: true, Action: true}},
		"one statement":     {`{"Statement":{"Effect":"Allow","Action":"ecr:batchgetimage","Resource":"*"}}`, pull, Decision{Allowed: true, Principal: true, Action: true}},
		"another resource":  {`{"Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"` + repo + `x"}]}`, pull, Decision{Principal: true, Action: true}},
		"another action":    {`{"Statement":[{"Effect":"Allow","Action":"ecr:Get*","Resource":"*"}]}`, pull, Decision{Principal: true}},
		"a principal":       {`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":"ecr:*"}]}`, pull, Decision{Allowed: true, Principal: true, Action: true}},
		"another principal": {`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + role + `x"},"Action":"ecr:*"}]}`, pull, Decision{}},
		"an explicit deny":  {`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"*"}]}`, pull, Decision{Denied: true, Principal: true, Action: true}},
		"a condition": {
			`{"Statement":[{"Effect":"Allow","Principal":{"Federated":"p"},"Action":"sts:A","Condition":{"StringEquals":{"h:aud":"a","h:sub":["s","t"]}}}]}`,
			Request{Federated: "p", Action: "sts:A", Context: map[string]string{"h:aud": "a", "h:sub": "t"}},
			Decision{Allowed: true, Principal: true, Action: true},
		},
		"a key in another case": {
			`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"StringEquals":{"aws:sourceaccount":"1"}}}]}`,
			Request{Action: "x", Resource: "r", Context: map[string]string{"aws:SourceAccount": "1"}},
			Decision{Allowed: true, Principal: true, Action: true},
		},
		"an ARN": {
			`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::*:policy/p"}}}]}`,
			Request{Action: "x", Resource: "r", Context: map[string]string{"iam:PolicyARN": "arn:aws:iam::111122223333:policy/p"}},
			Decision{Allowed: true, Principal: true, Action: true},
		},
		"a wildcard in an ARN stays in its part": {
			`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"ArnLike":{"k":"arn:aws:sns:*:topic"}}}]}`,
			Request{Action: "x", Resource: "r", Context: map[string]string{"k": "arn:aws:sns:us-east-1:1:topic"}},
			Decision{Principal: true, Action: true, Missed: []Miss{{Key: "k", Got: "arn:aws:sns:us-east-1:1:topic", Want: []string{"arn:aws:sns:*:topic"}}}},
		},
		"a key that is absent, as it must be": {
			`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"Null":{"k":"true"}}}]}`,
			Request{Action: "x", Resource: "r"}, Decision{Allowed: true, Principal: true, Action: true},
		},
		"a key that must be absent": {
			`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"Null":{"k":"true"}}}]}`,
			Request{Action: "x", Resource: "r", Context: map[string]string{"k": "v"}},
			Decision{Principal: true, Action: true, Missed: []Miss{{Key: "k", Got: "false", Want: []string{"true"}}}},
		},
		"a missed condition": {
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"p"},"Action":"sts:A","Condition":{"StringEquals":{"h:aud":"a"},"StringLike":{"h:sub":"s*"}}}]}`,
			Request{Service: "p", Action: "sts:A", Context: map[string]string{"h:aud": "b", "h:sub": "st"}},
			Decision{Principal: true, Action: true, Missed: []Miss{{Key: "h:aud", Got: "b", Want: []string{"a"}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Evaluate(c.document, c.request)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestUnmodelledFormsAreErrors(t *testing.T) {
	for _, document := range []string{
		`{"Statement":[{"Effect":"Allow","NotAction":"x","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"x","NotResource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"x"},"Action":"x"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"IpAddress":{"k":"v"}}}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"*","Condition":{"StringEquals":{"k":"${aws:username}"}}}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":"x"},"Action":"x"}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"x","Resource":"arn:${aws:username}"}]}`,
		`{"Statement":[{"Effect":"Deny","Action":"x","Resource":"*","Condition":{"StringEquals":{"k":5}}}]}`,
		`{"Statement":[{"Effect":"Perhaps","Action":"z","Resource":"*"}]}`,
		`{`,
	} {
		_, err := Evaluate(document, Request{Action: "x", Resource: "y"})
		require.Error(t, err, document)
	}
}
