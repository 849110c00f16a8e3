package aws

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/world"
)

const (
	// metadataService is the address of EC2's instance metadata service on every node (Amazon EC2 user guide, "Use the Instance Metadata
	// Service to access instance metadata").
	metadataService = "169.254.169.254"
	metadataToken   = "X-Aws-Ec2-Metadata-Token"
	roleCredentials = "/latest/meta-data/iam/security-credentials/"
)

// metadata answers as the service does, in version 2: with the credentials of a node's role. No pod of the sandbox asks it: nodes of EKS
// let none of their pods reach it. Real nodes do, for the pulls of their own. Which one asks is not known: it counts as one of the first
// role.
func (a *cloud) metadata() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(metadataToken+"-Ttl-Seconds", r.Header.Get(metadataToken+"-Ttl-Seconds"))
		_, _ = w.Write([]byte(metadataService))
	})
	mux.HandleFunc("GET "+roleCredentials+"{role...}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(metadataToken) != metadataService {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		cluster, eks := a.nodes()
		switch role := r.PathValue("role"); {
		case eks == nil || role != "" && role != eks.NodeRoles[0]:
			http.Error(w, "", http.StatusNotFound)
		case role == "":
			_, _ = w.Write([]byte(eks.NodeRoles[0]))
		default:
			a.nodeCredentials(w, eks.NodeRoleARN(cluster.Account, role))
		}
	})
	return mux
}

// nodes are those of the first cluster that has some with a role.
func (a *cloud) nodes() (*world.Cluster, *world.EKSCluster) {
	for _, server := range slices.Sorted(maps.Keys(a.world.Clusters)) {
		c := a.world.Clusters[server]
		if c.Cloud != "eks" {
			continue
		}
		if eks := a.world.AWS[c.Account].EKSCluster(c.Region, c.Name); eks != nil && len(eks.NodeRoles) > 0 {
			return c, eks
		}
	}
	return nil, nil
}

func (a *cloud) nodeCredentials(w http.ResponseWriter, role string) {
	s, err := assume(a.world, hop.Kubelet, role, "ec2.amazonaws.com", nil, "sts:AssumeRole")
	var why *hop.Refusal
	if errors.As(err, &why) {
		a.network.Refusals.Add(why)
		w.Header().Set("Content-Type", "text/plain")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role " + role + ".",
		})
		return
	}
	keys, err := a.credentials(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_ = json.NewEncoder(w).Encode(map[string]string{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": keys.AccessKeyID,
		"SecretAccessKey": keys.SecretAccessKey, "Token": keys.Token, "Expiration": keys.Expiration})
}
