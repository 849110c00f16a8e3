package stacks

import (
	"fmt"
	"strings"

	"bifrost/components/ecs"
	"bifrost/internal/awsdns"
)

// checkNames looks the hosted zones up that the load balancer's names are in. The provider gives a name that is not in its zone the
// zone's behind it (terraform-provider-aws 5.x, internal/service/route53/record.go, expandRecordName), so that it would lead nowhere.
func (n *ecsNetworkCheck) checkNames() []error {
	balancer := n.Ecs.LoadBalancer
	if balancer == nil || balancer.Dns == nil {
		return nil
	}
	var problems []error
	d, key := balancer.Dns, "ecs.loadBalancer.dns.zoneId"
	if d.ZoneId != "" {
		zone, err := n.checkZone(key, d.ZoneId)
		problems = append(problems, err)
		if zone.PrivateZone && balancer.Scheme == ecs.SchemeInternetFacing {
			n.warn(privateNames(key, zone.Name))
		}
		if zone.PrivateZone && balancer.MakesCertificate() && d.ValidationZone() == d.ZoneId {
			problems = append(problems, privateProof(key, zone.Name))
		}
	}
	if key = "ecs.loadBalancer.dns.validationZoneId"; d.ValidationZoneId != "" && d.ValidationZoneId != d.ZoneId {
		zone, err := n.checkZone(key, d.ValidationZoneId)
		problems = append(problems, err)
		if zone.PrivateZone {
			problems = append(problems, privateProof(key, zone.Name))
		}
	}
	return problems
}

// checkZone finds a zone and the names that are not in it. A zone that may not be read is empty.
func (n *ecsNetworkCheck) checkZone(key, id string) (awsdns.Zone, error) {
	zone, err := awsdns.LookUpZone(n.ctx, id, n.on)
	switch {
	case err != nil && denied(err):
		n.warn(zoneUnseen(key, id, err))
		return awsdns.Zone{}, nil
	case err != nil:
		return awsdns.Zone{}, noZone(key, id, err)
	}
	var outside []string
	for _, name := range n.Ecs.LoadBalancer.Dns.Names {
		if name != zone.Name && !strings.HasSuffix(name, "."+zone.Name) {
			outside = append(outside, name)
		}
	}
	if len(outside) > 0 {
		return zone, namesOutside(key, id, zone.Name, outside)
	}
	return zone, nil
}

func zoneUnseen(key, id string, err error) string {
	return fmt.Sprintf("%s: hosted zone %s could not be looked up (route53:GetHostedZone), so it was not checked that the names are in "+
		"it: %v", key, id, err)
}

func noZone(key, id string, err error) error {
	return fmt.Errorf("%s: there is no hosted zone %s in the account, or it cannot be read: %w; see `aws route53 list-hosted-zones`, or "+
		"set %s:%s", key, id, err, Project, key)
}

func namesOutside(key, id, zone string, names []string) error {
	return fmt.Errorf("%s: hosted zone %s is that of %s, in which %s cannot be; name the zone that has them, see `aws route53 "+
		"list-hosted-zones-by-name`, or change %s:ecs.loadBalancer.dns.names", key, id, zone, strings.Join(names, ", "), Project)
}

func privateProof(key, zone string) error {
	return fmt.Errorf("%s: %s is a private zone, and AWS Certificate Manager asks public DNS; name the public zone of the domain in "+
		"%s:ecs.loadBalancer.dns.validationZoneId, or give ecs.loadBalancer.certificateArn", key, zone, Project)
}

func privateNames(key, zone string) string {
	return fmt.Sprintf("%s: %s is a private zone, so the names lead to the internet-facing load balancer only from the VPCs that it is "+
		"associated with", key, zone)
}
