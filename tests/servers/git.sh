# program: git
# package: git
# work: init, commit, branch, merge, gc, clone, log
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
cd /tmp
git init -q -b main r && cd r
seq 1 100 >f && git add f && git commit -qm one
git checkout -qb side && sed -i 's/^50$/fifty/' f && git commit -qam two
git checkout -q main && echo 101 >>f && git commit -qam three
git merge -q -m merged side && grep -c . f && git log --oneline | wc -l
git gc -q && git fsck 2>&1 | grep -v notice
cd .. && git clone -q r s && git -C s log -1 --format=%s
# expect: 101
# expect: 4
# expect: merged
