package aws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Tests of names and certificates.

const hostedZone = "Z0123456789ABCDEFGHIJ"

func zoneWorld() *cloud.World {
	w := ecsWorld()
	w.SeedZone(network.Account, hostedZone, "example.com", false)
	return w
}

func recordOf(name, typ string, more props) step {
	of := props{"zoneId": hostedZone, "name": name, "type": typ, "records": []any{"192.0.2.1"}, "ttl": 60}
	return step{typ: pulumitype.AwsRecord, name: name + typ, props: changed(of, more)}
}

// TestRecords: Route 53 has one record of a name and type, and none beside a CNAME; the provider completes a name by its zone's.
func TestRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second step
		want   string
	}{
		"another type":       {recordOf("llm.example.com", "AAAA", props{"records": []any{"2001:db8::1"}}), ""},
		"another name":       {recordOf("llm", "TXT", nil), ""},
		"in another case":    {recordOf("LLM.example.com.", "A", nil), "[Tried to create resource record set [name='llm.example.com.', type='A'] but it already exists]"},
		"the name, in short": {recordOf("llm", "A", nil), "but it already exists"},
		"overwritten":        {recordOf("llm", "A", props{"allowOverwrite": true}), ""},
		"a CNAME beside it":  {recordOf("llm.example.com", "CNAME", props{"records": []any{"a.example.com"}}), "conflicts with other records with the same DNS name"},
		"an alias of nothing": {
			recordOf("x", "A", props{"records": nil, "ttl": nil, "aliases": []any{props{"name": "lb.test", "zoneId": "Z1", "evaluateTargetHealth": true}}}),
			"the alias target name does not lie within the target zone",
		},
		"neither records nor alias": {recordOf("x", "A", props{"records": nil, "ttl": nil}), "one of `alias,records` must be specified"},
		"no such zone":              {recordOf("x", "A", props{"zoneId": "Z1"}), "reading Route 53 Hosted Zone (Z1): couldn't find resource"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := zoneWorld()
			enginetest.New(t, w, stack(recordOf("llm.example.com", "A", nil)), nil).MustUp()
			e := enginetest.New(t, w, stack(c.second), nil)
			up := e.Up()
			if c.want == "" {
				require.NoError(t, up.Err, up.Messages())
				require.Empty(t, e.MustUp().Plan(), "up again")
				return
			}
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), c.want)
		})
	}
}

// TestCertificates: ACM issues what public DNS proves, and deletes nothing that is in use.
func TestCertificates(t *testing.T) {
	t.Parallel()
	requested := step{typ: pulumitype.AwsCertificate, name: "certificate", props: props{
		"domainName": "llm.example.com", "validationMethod": "DNS", "subjectAlternativeNames": []any{"llm.example.com", "*.llm.example.com"},
	}}
	issued := step{typ: pulumitype.AwsCertificateValidation, name: "issued", props: props{"certificateArn": of{"certificate", "arn"}}}
	w := zoneWorld()
	e := enginetest.New(t, w, stack(requested, issued), nil)
	unproven := e.Up()
	require.Error(t, unproven.Err)
	require.Contains(t, unproven.Messages(), "timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'")

	options := unproven.Resource("certificate").Outputs.Mappable()["domainValidationOptions"].([]any)
	require.Len(t, options, 2)
	proof, same := options[0].(map[string]any), options[1].(map[string]any)
	require.Equal(t, proof["resourceRecordName"], same["resourceRecordName"], "a wildcard has the proof of the name behind it")
	proven := recordOf(proof["resourceRecordName"].(string), "CNAME", props{"records": []any{proof["resourceRecordValue"]}})

	e.SetProgram(stack(requested, proven, changedStep(issued, props{"validationRecordFqdns": []any{"_other.llm.example.com"}})))
	missing := e.Up()
	require.Error(t, missing.Err)
	require.Contains(t, missing.Messages(), "missing llm.example.com DNS validation record: _")
	e.SetProgram(stack(requested, proven, issued))
	e.MustUp()
	require.Empty(t, e.MustUp().Plan())

	listener := w.List(pulumitype.AwsListener, scope)
	require.Empty(t, listener)
	for _, c := range w.List(pulumitype.AwsCertificate, scope) {
		if !c.Seeded {
			require.Equal(t, "ISSUED", c.State["status"])
			inUse := *c
			inUse.Type, inUse.ID, inUse.Seeded = pulumitype.AwsListener, "listener", true
			inUse.State = map[string]any{"certificateArn": c.ID, "loadBalancerArn": "", "port": 443.0}
			w.Put(&inUse)
		}
	}
	kept := e.Destroy()
	require.Error(t, kept.Err)
	require.Contains(t, kept.Messages(), "ResourceInUseException")
}

func changedStep(s step, with props) step {
	s.props = changed(s.props, with)
	return s
}
