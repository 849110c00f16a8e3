package handoff

import (
	"slices"
	"strings"

	"bifrost/bifrostctl/verify/checks"
)

// Change is what is other than in the last letter.
type Change struct {
	// About is a principal, or what of it changed; Says is the sentence about it.
	About, Says string
	// Before and Now are the value of what changed; empty where the principal itself came or went.
	Before, Now string
}

const remade = "was made again under its name: the policy means the former one until it is\n  saved anew."

// Changes compares two hand-offs; without a former one nothing has changed.
func Changes(before, now []checks.Principal) []Change {
	if before == nil {
		return nil
	}
	all := memberChanges(before, now)
	for _, p := range now {
		if p.Platform == gkePlatform {
			continue
		}
		former, had := find(before, p)
		if !had {
			all = append(all, Change{About: name(p), Says: "is new."})
			continue
		}
		if p.PrincipalArn != "" && p.PrincipalID != former.PrincipalID {
			all = append(all, Change{About: name(p), Says: remade,
				Before: former.PrincipalID, Now: p.PrincipalID})
		}
		all = append(all, tokenChanges(former, p)...)
	}
	for _, p := range before {
		if p.Platform == gkePlatform {
			continue
		}
		if _, has := find(now, p); !has {
			all = append(all, Change{About: name(p), Says: "pulls no more: please take its access away."})
		}
	}
	return all
}

// tokenChanges are those of the token that Google's side is shown.
func tokenChanges(before, now checks.Principal) []Change {
	of, shown := tokens[now.Platform]
	if !shown {
		return nil
	}
	var all []Change
	for _, c := range []Change{
		{About: "issuer", Before: before.Issuer, Now: now.Issuer},
		{About: "subject", Before: before.Subject, Now: now.Subject},
		{About: "audience", Before: before.Audience, Now: now.Audience},
		{About: "attribute condition", Before: before.AttributeCondition, Now: now.AttributeCondition},
		{About: "client id", Before: before.ClientID, Now: now.ClientID},
		{About: "principal id", Before: before.PrincipalID, Now: now.PrincipalID},
		{About: "keys of the issuer", Before: compact(before.Jwks), Now: compact(now.Jwks)},
	} {
		if c.Before != c.Now {
			c.About, c.Says = title(of.where)+": "+c.About, "is another one."
			all = append(all, c)
		}
	}
	return all
}

// find returns the entry of the same principal: a stack has one on AKS.
func find(all []checks.Principal, p checks.Principal) (checks.Principal, bool) {
	for _, other := range all {
		if other.Platform == p.Platform && other.PrincipalArn == p.PrincipalArn {
			return other, true
		}
	}
	return checks.Principal{}, false
}

func name(p checks.Principal) string {
	if p.PrincipalArn != "" {
		return p.PrincipalArn
	}
	return title(tokens[p.Platform].where) + ": " + p.Subject
}

// title is the beginning of a sentence.
func title(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// memberChanges are those of who pulls on GKE.
func memberChanges(before, now []checks.Principal) []Change {
	were, are := gkeMembers(before), gkeMembers(now)
	var all []Change
	for _, member := range are {
		if !slices.Contains(were, member) {
			all = append(all, Change{About: member, Says: "is new."})
		}
	}
	for _, member := range were {
		if !slices.Contains(are, member) {
			all = append(all, Change{About: member, Says: "pulls no more: please take its access away."})
		}
	}
	return all
}

func gkeMembers(all []checks.Principal) []string {
	var found []string
	for _, p := range all {
		if p.Platform == gkePlatform {
			found = append(found, p.GoogleMembers()...)
		}
	}
	return found
}
