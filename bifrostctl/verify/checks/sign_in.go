package checks

// How somebody signs in to what could not be asked.

func (s Stack) awsLogin() string {
	profile := ""
	if s.Config.Aws.Profile != "" {
		profile = " --profile " + s.Config.Aws.Profile
	}
	return "sign in to account " + s.Config.Aws.AccountId + " with the right to read it, and look with `aws sts get-caller-identity" +
		profile + "`"
}

func (s Stack) azureLogin() string {
	return "az login --tenant " + s.Config.Azure.TenantId + " && az account set --subscription " + s.Config.Azure.SubscriptionId
}

func (s Stack) googleLogin() string {
	if who := s.Config.Google.ImpersonateServiceAccount; who != "" {
		return "gcloud auth application-default login, with the role Service Account Token Creator on " + who
	}
	return "gcloud auth application-default login"
}

func (s Stack) clusterLogin() string {
	cluster, _ := s.Config.Cluster()
	return cluster.SignIn + ", then kubectl get namespaces"
}
