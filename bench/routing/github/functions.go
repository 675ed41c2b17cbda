package github

// A function for each set of wildcards. What is measured ends before they run.

func AppSlug(appSlug string) {}

func AssignmentID(assignmentID int64) {}

func ClassroomID(classroomID int64) {}

func ClientID(clientID string) {}

func Code(code string) {}

func DeliveryID(deliveryID int64) {}

func GhsaID(ghsaID string) {}

func GistID(gistID string) {}

func GistIDCommentID(gistID string, commentID int64) {}

func GistIDSha(gistID, sha string) {}

func InstallationID(installationID int64) {}

func Key(key string) {}

func KeyID(keyID int64) {}

func License(license string) {}

func Name(name string) {}

func Nothing() {}

func Org(org string) {}

func OrgHookID(org string, hookID int64) {}

func OrgRunnerID(org string, runnerID int64) {}

func OrgSecretName(org, secretName string) {}

func OrgTeamSlug(org, teamSlug string) {}

func OrgTeamSlugOwnerRepo(org, teamSlug, owner, repo string) {}

func OrgUsername(org, username string) {}

func OwnerRepo(owner, repo string) {}

func OwnerRepoArtifactID(owner, repo string, artifactID int64) {}

func OwnerRepoArtifactIDArchiveFormat(owner, repo string, artifactID int64, archiveFormat string) {}

func OwnerRepoAssetID(owner, repo string, assetID int64) {}

func OwnerRepoAssignee(owner, repo, assignee string) {}

func OwnerRepoBasehead(owner, repo, basehead string) {}

func OwnerRepoBranch(owner, repo, branch string) {}

func OwnerRepoCheckRunID(owner, repo string, checkRunID int64) {}

func OwnerRepoCommentID(owner, repo string, commentID int64) {}

func OwnerRepoCommitSha(owner, repo, commitSha string) {}

func OwnerRepoDeploymentID(owner, repo string, deploymentID int64) {}

func OwnerRepoEventID(owner, repo string, eventID int64) {}

func OwnerRepoFileSha(owner, repo, fileSha string) {}

func OwnerRepoHookID(owner, repo string, hookID int64) {}

func OwnerRepoIssueNumber(owner, repo string, issueNumber int64) {}

func OwnerRepoIssueNumberName(owner, repo string, issueNumber int64, name string) {}

func OwnerRepoJobID(owner, repo string, jobID int64) {}

func OwnerRepoKeyID(owner, repo string, keyID int64) {}

func OwnerRepoMilestoneNumber(owner, repo string, milestoneNumber int64) {}

func OwnerRepoName(owner, repo, name string) {}

func OwnerRepoPath(owner, repo, path string) {}

func OwnerRepoPullNumber(owner, repo string, pullNumber int64) {}

func OwnerRepoRef(owner, repo, ref string) {}

func OwnerRepoReleaseID(owner, repo string, releaseID int64) {}

func OwnerRepoRunID(owner, repo string, runID int64) {}

func OwnerRepoSha(owner, repo, sha string) {}

func OwnerRepoTag(owner, repo, tag string) {}

func OwnerRepoTagSha(owner, repo, tagSha string) {}

func OwnerRepoTreeSha(owner, repo, treeSha string) {}

func OwnerRepoUsername(owner, repo, username string) {}

func OwnerRepoWorkflowID(owner, repo string, workflowID int64) {}

func ThreadID(threadID int64) {}

func Username(username string) {}

func UsernameOrg(username, org string) {}

func UsernameTargetUser(username, targetUser string) {}
