package aws

import (
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
	"bifrost/internal/awsdns"
)

// record is one of Route 53, without routing policies (terraform-provider-aws v5.100, internal/service/route53/record.go).
func record() *double.Type {
	return &double.Type{
		Args:  awsdns.RecordArgs{},
		Scope: global,
		// The schema's StateFunc of name.
		Equal: map[string]func(state, input any) bool{"name": func(state, input any) bool {
			return state == recordName(input.(string))
		}},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			switch hasAlias, hasRecords := in["aliases"] != nil, in["records"] != nil; {
			case hasAlias == hasRecords:
				fail("aliases", "one of `alias,records` must be specified, and only one")
			case hasAlias && in["ttl"] != nil:
				fail("ttl", "\"ttl\": conflicts with alias")
			case hasRecords && in["ttl"] == nil:
				fail("records", "InvalidInput: Missing field 'TTL' in Change")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			zone := c.World.Get(pulumitype.AwsZone, global(c), double.String(in, "zoneId"))
			if zone == nil {
				return "", nil, fmt.Errorf("reading Route 53 Hosted Zone (%v): couldn't find resource", in["zoneId"])
			}
			name := recordName(double.String(in, "name"))
			full := inZone(name, double.String(zone.State, "name"))
			if err := changeRecord(c, in, full); err != nil {
				return "", nil, fmt.Errorf("creating Route53 Record: InvalidChangeBatch: %w", err)
			}
			s := state(in, double.Object{"name": name, "fqdn": full})
			double.Default(s, "allowOverwrite", false)
			return zone.ID + "_" + name + "_" + double.String(in, "type"), s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkAlias(c, in, double.String(r.State, "fqdn")); err != nil {
				return nil, fmt.Errorf("creating Route53 Record: InvalidChangeBatch: %w", err)
			}
			after := kept(r, in, nil, recordTable.Computed)
			after["name"] = r.State["name"]
			return after, nil
		},
	}
}

// recordName is a name as the provider notes it.
func recordName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// inZone is the name to which the provider completes one (expandRecordName).
func inZone(name, zone string) string {
	if name == zone || strings.HasSuffix(name, "."+zone) {
		return name
	}
	return name + "." + zone
}

// changeRecord is Route 53's side of a create, which overwrites where it may (Route 53 API reference, ChangeResourceRecordSets).
func changeRecord(c *double.Call, in double.Object, name string) error {
	if err := checkAlias(c, in, name); err != nil {
		return err
	}
	for _, other := range c.World.List(pulumitype.AwsRecord, global(c)) {
		if other.State["zoneId"] != in["zoneId"] || other.State["fqdn"] != name {
			continue
		}
		switch typ := other.State["type"]; {
		case typ == in["type"] && in["allowOverwrite"] == true:
			c.World.Remove(other)
		case typ == in["type"]:
			return fmt.Errorf("[Tried to create resource record set [name='%s.', type='%v'] but it already exists]", name, typ)
		case typ == "CNAME" || in["type"] == "CNAME":
			return fmt.Errorf("[RRSet of type %v with DNS name %s. is not permitted as it conflicts with other records with the same DNS "+
				"name in zone]", in["type"], name)
		}
	}
	return nil
}

// checkAlias: the alias' target is in its zone (Route 53 API reference, AliasTarget).
func checkAlias(c *double.Call, in double.Object, name string) error {
	for _, v := range double.List(in, "aliases") {
		alias, _ := v.(double.Object)
		found := false
		for _, balancer := range c.World.List(pulumitype.AwsLoadBalancer, regional(c)) {
			found = found || balancer.State["dnsName"] == alias["name"] && balancer.State["zoneId"] == alias["zoneId"]
		}
		if !found {
			return fmt.Errorf("[Tried to create an alias that targets %v., type %v in zone %v, but the alias target name does not lie "+
				"within the target zone] for %s", alias["name"], in["type"], alias["zoneId"], name)
		}
	}
	return nil
}

// getZone finds a hosted zone by its id, or a private one by its name.
func getZone(c *double.Call, args double.Object) (double.Object, error) {
	if args["zoneId"] == nil {
		return getPrivateZone(c, args)
	}
	if err := onlyThese(args, "zoneId"); err != nil {
		return nil, err
	}
	zone := c.World.Get(pulumitype.AwsZone, global(c), double.String(args, "zoneId"))
	if zone == nil {
		return nil, fmt.Errorf("couldn't find resource")
	}
	answer := zoneAnswer(c, zone.ID, reply(zone, nil))
	delete(answer, "delegated")
	return answer, nil
}

// zoneAnswer adds what every zone answers.
func zoneAnswer(c *double.Call, id string, zone double.Object) double.Object {
	return state(zone, double.Object{
		"arn": "arn:" + sessionOf(c).partition + ":route53:::hostedzone/" + id, "callerReference": "sandbox", "comment": "",
		"linkedServiceDescription": "", "linkedServicePrincipal": "", "nameServers": []any{"ns-1.awsdns-1.com"},
		"primaryNameServer": "ns-1.awsdns-1.com", "resourceRecordSetCount": 2.0, "vpcId": "",
	})
}
