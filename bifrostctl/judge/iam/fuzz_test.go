package iam

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzEvaluate: an answer is one alone: an error, or yes or no; a statement that allows everything adds nothing to what is denied.
func FuzzEvaluate(f *testing.F) {
	ready, err := filepath.Glob("../../../access/aws/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, ready)
	for _, file := range ready {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add(`{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	f.Add(`{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"], "Condition": {"Null": {"aws:x": "true"}}}}`)
	request := Request{
		AWS: []string{"arn:aws:iam::111122223333:role/x", "111122223333"}, Service: "ecs-tasks.amazonaws.com", Action: "sts:AssumeRole",
		Resource: "arn:aws:iam::111122223333:role/y", Context: map[string]string{"aws:SourceAccount": "111122223333"},
	}
	f.Fuzz(func(t *testing.T, document string) {
		d, err := Evaluate(document, request)
		if err != nil {
			require.Zero(t, d, "an error, and an answer")
			return
		}
		require.False(t, d.Allowed && d.Denied)
		again, err := Evaluate(document, request)
		require.NoError(t, err)
		require.Equal(t, d.Allowed, again.Allowed, "two answers")
	})
}
