package ecs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
)

const recordType = "aws:route53/record:Record"

// TestEcsNames: each name has an alias after the service, and a certificate is made for them where none is given.
func TestEcsNames(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.LoadBalancer = &ecs.EcsLoadBalancerArgs{Dns: &ecs.EcsDnsArgs{
			ZoneId: "Z1", Names: []string{"llm.example.com", "*.llm.example.com", "example.com"},
		}}
	})
	for name, of := range map[string]string{
		"x-name-llm.example.com": "llm.example.com", "x-name-_.llm.example.com": "*.llm.example.com", "x-name-example.com": "example.com",
	} {
		alias := g.Named(t, recordType, name)
		require.Equal(t, of, alias.Input(t, "name"))
		require.Equal(t, "A", alias.Input(t, "type"))
		require.Equal(t, "Z1", alias.Input(t, "zoneId"))
		require.False(t, alias.Has("allowOverwrite"), "what somebody else has made stays")
		require.True(t, g.DependsOn(alias, g.One(t, "aws:ecs/service:Service")))
	}
	made := g.One(t, "aws:acm/certificate:Certificate")
	require.Equal(t, "llm.example.com", made.Input(t, "domainName"))
	require.Equal(t, []any{"llm.example.com", "*.llm.example.com", "example.com"}, made.Input(t, "subjectAlternativeNames"))
	require.Equal(t, "DNS", made.Input(t, "validationMethod"))
	for _, name := range []string{"x-proof-llm.example.com", "x-proof-example.com"} {
		proof := g.Named(t, recordType, name)
		require.True(t, proof.Request.GetRetainOnDelete(), "certificates are renewed by it")
		require.Equal(t, true, proof.Input(t, "allowOverwrite"))
	}
	require.Len(t, g.Of(recordType), 5, "a wildcard has the proof of the name behind it")
	issued := g.One(t, "aws:acm/certificateValidation:CertificateValidation")
	require.Equal(t, "20m", issued.Request.GetCustomTimeouts().GetCreate())
	require.True(t, g.DependsOn(g.One(t, "aws:lb/listener:Listener"), issued), "a listener takes issued certificates alone")
}

// TestEcsGivenCertificate: a given certificate is used, and names need no other.
func TestEcsGivenCertificate(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.LoadBalancer.Dns = &ecs.EcsDnsArgs{ZoneId: "Z1", Names: []string{"llm.example.com"}}
	})
	require.Equal(t, lbCertificate, g.One(t, "aws:lb/listener:Listener").Input(t, "certificateArn"))
	require.Empty(t, g.Of("aws:acm/certificate:Certificate"))
	require.Len(t, g.Of(recordType), 1)
}
