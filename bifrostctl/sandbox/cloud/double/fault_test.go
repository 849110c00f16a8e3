package double

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"type=aws:iam/role:Role,op=create,when=after,times=2,error=throttled": {Type: "aws:iam/role:Role", Op: "create", After: true,
			Times: 2, Error: "throttled"},
		"op=delete,type=*,when=before,error=disk full, try later": {Type: "*", Op: "delete", Times: 1,
			Error: "disk full, try later"},
		"type=*,name=logs,op=create,stale=3": {Type: "*", Name: "logs", Op: "create", Times: 1, Stale: 3},
		"type=aws:eks/getCluster:getCluster,op=invoke,delay=1m30s,error=a=b c": {Type: "aws:eks/getCluster:getCluster", Op: "invoke",
			Times: 1, Delay: 90 * time.Second, Error: "a=b c"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseFault(text)
			require.NoError(t, err)
			want.text = text
			require.Equal(t, want, got)
			require.Equal(t, text, got.String())
		})
	}
}

func TestMalformedFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    `"" is no key=value`,
		"type=*,create,error=x":               `"create" is no key=value`,
		"type=*,kind=x,op=read,error=x":       `there is no key "kind", but delay, error, name, op, stale, times, type, when`,
		"type=*,op=,error=x":                  "op has no value",
		"type=*,op=read,op=read,error=x":      "op is given twice",
		"op=read,error=x":                     "type is missing",
		"type=*,error=x":                      "op is missing",
		"type=*,op=list,error=x":              "op=list is none of check, create, read, update, delete, invoke",
		"type=*,op=read,when=now,error=x":     "when=now is none of before, after",
		"type=*,op=read,times=0,error=x":      "times=0 is no whole number from 1 on",
		"type=*,op=read,delay=soon":           "delay=soon is no duration such as 30s",
		"type=*,op=read,delay=-1s":            "delay=-1s is no duration",
		"type=*,op=read":                      "it does nothing without error, delay or stale",
		"type=*,op=update,stale=1":            "stale goes with op=create, without error",
		"type=*,op=create,stale=1,error=x":    "stale goes with op=create, without error",
		"type=*,op=create,stale=1,when=after": "stale goes with op=create, without error and when=after",
		"type=*,op=invoke,name=n,error=x":     "an invoked function has no name",
		"type=*,op=create,stale=x,times=no":   "stale=x is no whole number",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ParseFault(text)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, FaultGrammar)
		})
	}
}

func TestWords(t *testing.T) {
	about := subject{"create", "aws:iam/role:Role", "pull"}
	require.Equal(t, "create aws:iam/role:Role pull: https response error StatusCode: 400, api error ThrottlingException: Rate exceeded",
		say("aws", "throttled", about))
	require.Equal(t, "create aws:iam/role:Role pull: the server has received too many requests and has asked us to try again later",
		say("kubernetes", "throttled", about))
	require.Contains(t, say("azure-native", "conflict", subject{op: "invoke", typ: "f"}), "invoke f: Status=409")
	require.Equal(t, "disk full", say("aws", "disk full", about))
	for pkg, known := range words {
		require.Equal(t, []string{"conflict", "denied", "throttled", "timeout"}, keysOf(known), pkg)
	}
}
