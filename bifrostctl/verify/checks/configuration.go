package checks

import (
	"context"
	"slices"

	"bifrost/bifrostctl/verify/check"
	"bifrost/stacks"
)

func (s Stack) configuration() []check.Check {
	checks := []check.Check{{
		Code: stackOutputs, Description: "the stack is up, with the configured rollout", Fatal: true, Run: s.rollout,
	}}
	if s.Config.Aws != nil && !s.Config.Registry.Mirror {
		checks = append(checks, check.Check{
			Code: "config-repository", Description: "the image's repository is the one that the identities may pull from",
			Run: s.repository,
		})
	}
	if s.Config.Rollout == stacks.RolloutFull {
		checks = append(checks, s.authority()...)
	}
	return checks
}

// authority is the check of gateway.postgres.caFile: with the placeholder of an example the gateway reaches no database, and the sandbox,
// which has none, does not show it.
func (s Stack) authority() []check.Check {
	if s.Config.Gateway.Postgres.CaFile == "" {
		return nil
	}
	return []check.Check{{Code: "config-database-ca", Description: "gateway.postgres.caFile holds the authorities of the databases",
		Run: func(context.Context) check.Result {
			if problem, mend := s.Config.PlaceholderAuthority(); problem != "" {
				return check.Fail(mend+", then "+s.up(), "%s", problem)
			}
			return check.Pass("%s", s.Config.Gateway.Postgres.CaFile)
		}}}
}

func (s Stack) rollout(context.Context) check.Result {
	switch s.Outputs.Rollout {
	case s.Config.Rollout:
		return check.Pass("rollout %s", s.Config.Rollout)
	case "":
		return check.Fail("pulumi up --stack "+s.Name, "the stack has no outputs: it is not up (destroyed, or never up)")
	case stacks.RolloutIdentity:
		return check.Fail("pulumi up --stack "+s.Name, "rollout is %s in the configuration, and the last up was %s", s.Config.Rollout,
			s.Outputs.Rollout)
	}
	return check.Fail("pulumi config set --stack "+s.Name+" bifrost:rollout "+string(s.Outputs.Rollout),
		"rollout is %s in the configuration, and the last up was %s: the next one would delete the workload", s.Config.Rollout,
		s.Outputs.Rollout)
}

func (s Stack) repository(context.Context) check.Result {
	want := s.Config.RepositoryArn()
	for _, p := range s.Outputs.Handoff {
		if !slices.Contains(p.Repositories, want) {
			return check.Fail("pulumi up --stack "+s.Name+", then "+s.handOff(),
				"registry.image is of %s, and %s was made for %s", want, name(p.PrincipalArn), quoted(p.Repositories))
		}
	}
	return check.Pass("%s", want)
}

// failedService is the result where the ECS service could not be had.
func (s Stack) failedService(err error) check.Result {
	if missing(err) {
		return check.Fail(s.up(), "there is no ECS service %s in cluster %s", s.Outputs.ECS.Service, name(s.Outputs.ECS.Cluster))
	}
	return unreadable("ECS service "+s.Outputs.ECS.Service, err, s.awsLogin())
}
