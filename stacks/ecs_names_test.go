package stacks_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

const (
	publicZone   = "Z0123456789ABCDEFGHIJ"
	privateZone  = "Z0FEDCBA9876543210000"
	getZone      = "aws:route53/getZone:getZone"
	certificates = "aws:acm/certificate:Certificate"
)

// named is a load balancer with a name in a public zone, and some values changed: certificateArn and scheme are its own.
func named(pairs ...any) map[string]any {
	dns := map[string]any{"zoneId": publicZone, "names": []any{"llm.example.com"}}
	balancer := map[string]any{"securityGroups": []any{lbGroup}, "dns": dns}
	for i := 0; i < len(pairs); i += 2 {
		key, at := pairs[i].(string), dns
		if key == "certificateArn" || key == "scheme" {
			at = balancer
		}
		at[key] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(at, key)
		}
	}
	return balancer
}

func manyNames(n int) []any {
	var names []any
	for i := range n {
		names = append(names, fmt.Sprintf("llm-%d.example.com", i))
	}
	return names
}

// zones answers for the public and the private zone of example.com.
func zones(args resource.PropertyMap) (resource.PropertyMap, error) {
	private, ok := map[string]bool{publicZone: false, privateZone: true}[args["zoneId"].StringValue()]
	if !ok {
		return nil, errors.New("couldn't find resource")
	}
	return resource.NewPropertyMapFromMap(map[string]any{"name": "example.com", "privateZone": private}), nil
}

// TestEcsNames: what the zones show to be wrong stops the stack before anything is made; what they cannot show is said.
func TestEcsNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		balancer map[string]any
		answer   answer
		wrong    []string
		warnings []string
	}{
		"in the zone":             {balancer: named("names", []any{"llm.example.com", "*.llm.example.com", "example.com"})},
		"a given certificate":     {balancer: named("certificateArn", certificate)},
		"a certificate alone":     {balancer: named("zoneId", nil, "validationZoneId", publicZone)},
		"private, proven in both": {balancer: named("zoneId", privateZone, "validationZoneId", publicZone)},
		"private, with a given certificate": {
			balancer: named("zoneId", privateZone, "certificateArn", certificate),
		},
		"no such zone": {
			balancer: named("zoneId", "Z1"),
			wrong:    []string{"ecs.loadBalancer.dns.zoneId: there is no hosted zone Z1", "aws route53 list-hosted-zones"},
		},
		"names of another zone": {
			balancer: named("names", []any{"llm.example.com", "llm.acme.org", "llm.my-example.com"}),
			wrong:    []string{"that of example.com, in which llm.acme.org, llm.my-example.com cannot be", "bifrost:ecs.loadBalancer.dns.names"},
		},
		"a private proof": {
			balancer: named("zoneId", privateZone),
			wrong:    []string{"ecs.loadBalancer.dns.zoneId: example.com is a private zone", "bifrost:ecs.loadBalancer.dns.validationZoneId"},
		},
		"a private proof of its own": {
			balancer: named("validationZoneId", privateZone),
			wrong:    []string{"ecs.loadBalancer.dns.validationZoneId: example.com is a private zone"},
		},
		"private before the internet": {
			balancer: named("zoneId", privateZone, "validationZoneId", publicZone, "scheme", "internet-facing"),
			warnings: []string{"only from the VPCs that it is associated with"},
		},
		"unseen": {
			balancer: named(),
			answer:   never("AccessDenied: User is not authorized to perform: route53:GetHostedZone"),
			warnings: []string{"could not be looked up (route53:GetHostedZone)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "aws-dev").set("gateway.clustering.enabled", false).set("eks", nil).set("ecs.loadBalancer", c.balancer)
			answers := map[string]answer{getZone: zones}
			if c.answer != nil {
				answers[getZone] = c.answer
			}
			if c.balancer["scheme"] != nil {
				s.set("ecs.assignPublicIp", true)
				answers[getRouteTable] = always(routeTable(route("gatewayId", "igw-1")))
			}
			g := s.graph(t, "aws-dev")
			maps.Copy(g.Answers, answers)
			g.Preview = true
			err := g.Run(program(g))
			if len(c.wrong) == 0 {
				require.NoError(t, err)
				_, given := c.balancer["certificateArn"]
				require.Equal(t, given, len(g.Of(certificates)) == 0)
			}
			for _, want := range c.wrong {
				require.ErrorContains(t, err, want)
			}
			requireTold(t, s, g, err, c.warnings)
		})
	}
}
