package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// vendorPolicy is one policy of the vendor's that lets others in.
type vendorPolicy struct {
	// of is what the policy is about, principals whom it lets in, as a hand-off names them.
	of         string
	principals []string
	// set lets in these principals and no others.
	set func([]string)
}

// allowed is a principal whom the vendor lets in, and to what.
type allowed struct {
	Of        string `json:"of"`
	Principal string `json:"principal"`
}

// Allowlist shows, and changes, whom the vendor lets pull from its repositories.
func (r Runner) Allowlist(request Request, add, remove []string) error {
	return r.change(request, func(world *cloud.World) error {
		lists, err := allowlists(world)
		if err != nil {
			return err
		}
		if len(lists) == 0 {
			return errors.New("no ECR repository of another account is here and no GKE cluster, and so no allowlist; what Google's side " +
				"trusts is among what sandbox state lists")
		}
		answer := struct {
			Stack     string    `json:"stack"`
			Allowlist []allowed `json:"allowlist"`
		}{request.Stack, []allowed{}}
		for _, list := range lists {
			principals := list.principals
			for _, principal := range remove {
				if !slices.Contains(principals, principal) {
					return fmt.Errorf("--remove %s: not on the allowlist of %s", principal, list.of)
				}
			}
			principals = slices.DeleteFunc(principals, func(p string) bool { return slices.Contains(remove, p) || slices.Contains(add, p) })
			if len(add)+len(remove) > 0 {
				list.set(principals) // whom it has no more, and whom it is to know anew, are forgotten
				principals = append(principals, slices.Compact(slices.Sorted(slices.Values(add)))...)
				list.set(principals)
			}
			for _, principal := range principals {
				fmt.Fprintf(r.Stdout, "%s\t%s\n", list.of, principal)
				answer.Allowlist = append(answer.Allowlist, allowed{list.of, principal})
			}
		}
		r.answer(answer)
		return nil
	})
}

// allowlists are those of the vendor's ECR repositories and, where the customer's cluster is one of GKE, of its repositories in Artifact
// Registry and of its service accounts that others may impersonate, ordered by what they are of.
func allowlists(w *cloud.World) ([]vendorPolicy, error) {
	var lists []vendorPolicy
	google := map[string][]*cloud.Resource{}
	for _, each := range w.Resources {
		switch each.Type {
		case pulumitype.AwsEcrRepositoryPolicy:
			if each.Deleted {
				continue
			}
			principals, err := w.Allowlist(each)
			if err != nil {
				return nil, err
			}
			lists = append(lists, vendorPolicy{each.ID, principals, func(principals []string) { w.SetAllowlist(each, principals) }})
		case pulumitype.GcpRepositoryMember, pulumitype.GcpServiceAccountMember:
			if of, role, found := strings.Cut(each.ID, "/roles/"); found && each.Seeded && w.SignedIn.GCPProject != "" &&
				!strings.HasPrefix(role, "iam.workloadIdentityUser") {
				google[of] = append(google[of], each)
			}
		}
	}
	for _, of := range slices.Sorted(maps.Keys(google)) {
		lists = append(lists, googleAllowlist(w, of, google[of]))
	}
	slices.SortStableFunc(lists, func(a, b vendorPolicy) int { return strings.Compare(a.of, b.of) })
	return lists, nil
}

// googleAllowlist is the policy that has these members, with one role. A service account is known by its email.
func googleAllowlist(w *cloud.World, of string, members []*cloud.Resource) vendorPolicy {
	list := vendorPolicy{of: of}
	for _, each := range members {
		if !each.Deleted {
			list.principals = append(list.principals, principalOf(each))
		}
	}
	slices.Sort(list.principals)
	list.set = func(principals []string) {
		for _, each := range members {
			if !slices.Contains(principals, principalOf(each)) {
				takeAway(w, each)
				w.ForgetPrincipal(principalOf(each))
			}
		}
		for _, principal := range principals {
			added := world.MemberLike(members[0], principal)
			if known := w.Resources[added.Key()]; known == nil || known.Deleted {
				w.Put(added)
			}
		}
	}
	return list
}

func principalOf(member *cloud.Resource) string {
	return strings.TrimPrefix(fmt.Sprint(member.State["member"]), "serviceAccount:")
}
