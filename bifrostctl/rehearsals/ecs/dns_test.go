package ecs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// The tests of this file lead names to the load balancer, with a certificate for them.

const (
	zoneId      = "ecs.loadBalancer.dns.zoneId=" + stacktest.Zone
	privateZone = "Z0FEDCBA9876543210000"
	dnsNames    = "ecs.loadBalancer.dns.names="
)

var named = []string{stacktest.WithDns, ownGroups}

// records are those of a type, by name, as they are in the world.
func records(t *testing.T, s *stacktest.Stack, typ string) map[string]*world.Resource {
	t.Helper()
	found := map[string]*world.Resource{}
	for _, r := range edits.The(t, s.World, pulumitype.AwsRecord, "") {
		if r.State["type"] == typ {
			found[r.State["name"].(string)] = r
		}
	}
	return found
}

func balancerName(t *testing.T, s *stacktest.Stack) any {
	t.Helper()
	return edits.The(t, s.World, pulumitype.AwsLoadBalancer, "ecs-lb")[0].State["dnsName"]
}

// TestECSNames: names, a certificate, or both, as the keys say; up twice, refreshed, and gone but for the proofs.
func TestECSNames(t *testing.T) {
	t.Parallel()
	both := []string{pulumitype.AwsRecord, pulumitype.AwsCertificate, pulumitype.AwsCertificateValidation}
	for name, c := range map[string]struct {
		settings, makes []string
	}{
		"names and a certificate": {named, both},
		"several names":           {[]string{zoneId, dnsNames + `[llm.example.com, "*.llm.example.com", example.com]`, ownGroups}, both},
		"names alone":             {[]string{stacktest.WithDns, withLoadBalancer, ownGroups}, []string{pulumitype.AwsRecord}},
		"names over HTTP":         {[]string{stacktest.WithDns, "ecs.loadBalancer.allowHttp=true", ownGroups}, []string{pulumitype.AwsRecord}},
		"a certificate alone":     {[]string{dnsNames + "[llm.example.com]", "ecs.loadBalancer.dns.validationZoneId=" + stacktest.Zone, ownGroups}, both},
		"names of a private zone": {[]string{
			"ecs.loadBalancer.dns.zoneId=" + privateZone, dnsNames + "[llm.example.com]",
			"ecs.loadBalancer.dns.validationZoneId=" + stacktest.Zone, ownGroups,
		}, both},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			s.World.SeedZone("111122223333", privateZone, "example.com", true)
			s.Lives(onECS(c.settings), c.makes)
		})
	}
}

// TestECSNamesLead: the record is an alias of the load balancer, the listener has the certificate that was issued, and the URL is the name's.
func TestECSNamesLead(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	up := s.Engine.MustUp()
	require.Equal(t, "https://llm.example.com", up.Outputs["ecs"].ObjectValue()["url"].StringValue())
	alias := records(t, s, "A")["llm.example.com"].State["aliases"].([]any)[0].(map[string]any)
	require.Equal(t, balancerName(t, s), alias["name"])
	made := up.Resource("ecs-certificate")
	require.Equal(t, "ISSUED", edits.The(t, s.World, pulumitype.AwsCertificate, string(made.ID))[0].State["status"])
	require.Equal(t, string(made.ID), up.Outputs["ecs"].ObjectValue()["certificateArn"].StringValue())
	for _, l := range edits.The(t, s.World, pulumitype.AwsListener, "") {
		require.True(t, l.Seeded || l.State["certificateArn"] == string(made.ID))
	}
}

// TestECSNamesChange: another name is another certificate, which serves before the former one goes, as ACM deletes none that is in use. The
// proof stays: certificates are renewed by it.
func TestECSNamesChange(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	s.Engine.MustUp()
	for _, name := range []string{"gateway.example.com", "llm.example.com"} {
		s.Set(onECS([]string{zoneId, dnsNames + "[" + name + "]", ownGroups})...)
		preview := s.Engine.Preview()
		require.NoError(t, preview.Err, preview.Messages())
		up := s.Engine.MustUp()
		require.Equal(t, []string{name}, slices.Collect(maps.Keys(records(t, s, "A"))))
		var order []string
		for _, step := range up.Steps {
			if step.Type == pulumitype.AwsCertificate || step.Type == pulumitype.AwsListener {
				order = append(order, step.Op+" "+step.Name)
			}
		}
		require.Equal(t, []string{
			"create-replacement ecs-certificate", "replace ecs-certificate", "update ecs-https", "delete-replaced ecs-certificate",
		}, order)
		require.Empty(t, s.Strays(up))
		stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
	}
	require.Len(t, records(t, s, "CNAME"), 2, "the proofs of both names stay")
}

// TestECSNamesFollow: with another load balancer the names lead there once the service has moved.
func TestECSNamesFollow(t *testing.T) {
	t.Parallel()
	moved := []string{"ecs.loadBalancer.scheme=internet-facing", "ecs.loadBalancer.allowedCidrs=[0.0.0.0/0]",
		"ecs.loadBalancer.subnets=[" + strings.Join(stacktest.PublicSubnets, ",") + "]"}
	s := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	s.Engine.MustUp()
	s.Set(onECS(named, moved)...)
	up := s.Engine.MustUp()
	var order []string
	for _, step := range up.Steps {
		if step.Op == "update" && (step.Type == edits.ServiceType || step.Type == pulumitype.AwsRecord) {
			order = append(order, step.Name)
		}
	}
	require.Equal(t, []string{"ecs-service", "ecs-name-llm.example.com"}, order)
	alias := records(t, s, "A")["llm.example.com"].State["aliases"].([]any)[0].(map[string]any)
	require.Equal(t, balancerName(t, s), alias["name"])
	stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
}

// TestECSNamesTaken: a record that somebody else has made is not overwritten; it can be taken in. A proof that is there is taken.
func TestECSNamesTaken(t *testing.T) {
	t.Parallel()
	first := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	first.Engine.MustUp()
	proof := records(t, first, "CNAME")

	s := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	id := stacktest.Zone + "_llm.example.com_A"
	s.World.Put(&world.Resource{Type: pulumitype.AwsRecord, Scope: "111122223333", ID: id, Seeded: true, State: map[string]any{
		"zoneId": stacktest.Zone, "name": "llm.example.com", "fqdn": "llm.example.com", "type": "A", "records": []any{"192.0.2.1"}, "ttl": 60.0,
	}})
	for _, r := range proof {
		there := *r
		there.Seeded = true
		s.World.Put(&there)
	}
	taken := s.Engine.Up()
	require.Error(t, taken.Err)
	require.Contains(t, taken.Messages(), "[Tried to create resource record set [name='llm.example.com.', type='A'] but it already exists]")
	require.Contains(t, taken.Messages(), "pulumi import "+pulumitype.AwsRecord+" ecs-name-llm.example.com '"+id+"'")
	require.Equal(t, []any{"192.0.2.1"}, records(t, s, "A")["llm.example.com"].State["records"])
	edits.Removed(pulumitype.AwsRecord, id)(t, s.World)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
}

// TestECSNamesElsewhere: what the zones show to be wrong is refused by the preview.
func TestECSNamesElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"a zone of another name":      {[]string{zoneId, dnsNames + "[llm.acme.example]"}, "is that of example.com, in which llm.acme.example cannot be"},
		"a name that only ends alike": {[]string{zoneId, dnsNames + "[llm.my-example.com]"}, "in which llm.my-example.com cannot be"},
		"no such zone":                {[]string{"ecs.loadBalancer.dns.zoneId=Z0000000000000000NONE", dnsNames + "[llm.example.com]"}, "there is no hosted zone"},
		"a private zone as proof": {
			[]string{"ecs.loadBalancer.dns.zoneId=" + privateZone, dnsNames + "[llm.example.com]"}, "AWS Certificate Manager asks public DNS",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(onECS(c.settings, []string{ownGroups})...)
			s.World.SeedZone("111122223333", privateZone, "example.com", true)
			before := len(s.World.Resources)
			refused := s.Engine.Preview()
			require.Error(t, refused.Err)
			require.Contains(t, refused.Messages(), c.want)
			require.Len(t, s.World.Resources, before)
		})
	}
}

// TestECSNamesUnproven: a certificate that is not issued in time says what to look at, and the next up goes on waiting for the same one.
func TestECSNamesUnproven(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(onECS(named)...)
	undelegated := edits.With(pulumitype.AwsZone, stacktest.Zone, "delegated=false")
	undelegated(t, s.World)
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "timeout while waiting for state to become 'ISSUED'")
	require.Contains(t, failed.Messages(), "aws route53 get-hosted-zone --id "+stacktest.Zone)
	made := edits.The(t, s.World, pulumitype.AwsCertificate, "")
	edits.With(pulumitype.AwsZone, stacktest.Zone, "delegated=true")(t, s.World)
	s.Engine.MustUp()
	require.Len(t, edits.The(t, s.World, pulumitype.AwsCertificate, ""), len(made))
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is issued")
}
