# attack: a pickle in place of the result, which runs code in whoever loads it
# stopped by: strict reader
# expect: refused
# control: succeeds
import os
import pickle


class Planted:
    def __reduce__(self):
        return eval, ("{'escaped': True, 'how': 'the reader ran this'}",)


open(os.environ["ASSAY_RESULT"], "wb").write(pickle.dumps(Planted()))
