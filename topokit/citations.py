"""Where the formulas come from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from topokit.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Reference:
    """A publication and where it is found."""

    text: str
    url: str


REFERENCES = {
    "liu2020": Reference(
        "S. Liu, T. van der Lee, A. Yaman, Z. Atashgahi, D. Ferraro, G. Sokar, M. Pechenizkiy, D. C. Mocanu. "
        "Topological Insights into Sparse Neural Networks. ECML-PKDD 2020.",
        "https://doi.org/10.1007/978-3-030-67664-3_17",
    ),
    "clauset2009": Reference(
        "A. Clauset, C. R. Shalizi, M. E. J. Newman. Power-Law Distributions in Empirical Data. SIAM Review 51, 2009.",
        "https://doi.org/10.1137/070710111",
    ),
    "alstott2014": Reference(
        "J. Alstott, E. Bullmore, D. Plenz. powerlaw: A Python Package for Analysis of Heavy-Tailed Distributions. "
        "PLoS ONE 9, 2014.",
        "https://doi.org/10.1371/journal.pone.0085777",
    ),
    "broido2019": Reference(
        "A. D. Broido, A. Clauset. Scale-free Networks Are Rare. Nature Communications 10, 2019.",
        "https://doi.org/10.1038/s41467-019-08746-5",
    ),
    "wilson1927": Reference(
        "E. B. Wilson. Probable Inference, the Law of Succession, and Statistical Inference. Journal of the American "
        "Statistical Association 22, 1927.",
        "https://doi.org/10.1080/01621459.1927.10502953",
    ),
    "barrat2004": Reference(
        "A. Barrat, M. Barthelemy, R. Pastor-Satorras, A. Vespignani. The Architecture of Complex Weighted Networks. "
        "PNAS 101, 2004.",
        "https://doi.org/10.1073/pnas.0400087101",
    ),
    "vuong1989": Reference(
        "Q. H. Vuong. Likelihood Ratio Tests for Model Selection and Non-Nested Hypotheses. Econometrica 57, 1989.",
        "https://doi.org/10.2307/1912557",
    ),
    "batagelj2003": Reference(
        "V. Batagelj, M. Zaversnik. An O(m) Algorithm for Cores Decomposition of Networks. 2003.",
        "https://arxiv.org/abs/cs/0310049",
    ),
    "batagelj2002": Reference(
        "V. Batagelj, M. Zaversnik. Generalized Cores. 2002.",
        "https://arxiv.org/abs/cs/0202039",
    ),
    "hebert2016": Reference(
        "L. Hébert-Dufresne, J. A. Grochow, A. Allard. Multi-scale structure and topological anomaly detection via a "
        "new network statistic: The onion decomposition. Scientific Reports 6, 2016.",
        "https://doi.org/10.1038/srep31708",
    ),
    "garas2012": Reference(
        "A. Garas, F. Schweitzer, S. Havlin. A k-shell decomposition method for weighted networks. New Journal of "
        "Physics 14, 2012.",
        "https://doi.org/10.1088/1367-2630/14/8/083030",
    ),
    "ahmed2007": Reference(
        "A. Ahmed, V. Batagelj, X. Fu, S.-H. Hong, D. Merrick, A. Mrvar. Visualisation and Analysis of the Internet "
        "Movie Database. APVIS 2007.",
        "",
    ),
    "liub2020": Reference(
        "B. Liu, L. Yuan, X. Lin, L. Qin, W. Zhang, J. Zhou. Efficient (α, β)-core computation in bipartite graphs. "
        "VLDB Journal 29, 2020.",
        "https://doi.org/10.1007/s00778-020-00606-9",
    ),
    "alvarez2005": Reference(
        "J. I. Alvarez-Hamelin, L. Dall'Asta, A. Barrat, A. Vespignani. k-core decomposition: a tool for the "
        "visualization of large scale networks. 2005.",
        "https://arxiv.org/abs/cs/0504107",
    ),
    "carmi2007": Reference(
        "S. Carmi, S. Havlin, S. Kirkpatrick, Y. Shavitt, E. Shir. A model of Internet topology using k-shell "
        "decomposition. PNAS 104, 2007.",
        "https://doi.org/10.1073/pnas.0701175104",
    ),
    "sokar2023": Reference(
        "G. Sokar, R. Agarwal, P. S. Castro, U. Evci. The Dormant Neuron Phenomenon in Deep Reinforcement Learning. "
        "ICML 2023.",
        "https://arxiv.org/abs/2302.12902",
    ),
    "kendall1945": Reference(
        "M. G. Kendall. The Treatment of Ties in Ranking Problems. Biometrika 33, 1945.",
        "https://doi.org/10.1093/biomet/33.3.239",
    ),
    "knight1966": Reference(
        "W. R. Knight. A Computer Method for Calculating Kendall's Tau with Ungrouped Data. Journal of the American "
        "Statistical Association 61, 1966.",
        "https://doi.org/10.1080/01621459.1966.10480879",
    ),
    "spearman1904": Reference(
        "C. Spearman. The Proof and Measurement of Association between Two Things. American Journal of Psychology 15, "
        "1904.",
        "https://doi.org/10.2307/1412159",
    ),
    "vysogorets2023": Reference(
        "A. Vysogorets, J. Kempe. Connectivity Matters: Neural Network Pruning Through the Lens of Effective Sparsity. "
        "Journal of Machine Learning Research 24, 2023.",
        "https://arxiv.org/abs/2107.02306",
    ),
    "tanaka2020": Reference(
        "H. Tanaka, D. Kunin, D. L. K. Yamins, S. Ganguli. Pruning Neural Networks without Any Data by Iteratively "
        "Conserving Synaptic Flow. NeurIPS 2020.",
        "https://arxiv.org/abs/2006.05467",
    ),
    "delong1988": Reference(
        "E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson. Comparing the Areas under Two or More Correlated Receiver "
        "Operating Characteristic Curves: A Nonparametric Approach. Biometrics 44, 1988.",
        "https://doi.org/10.2307/2531595",
    ),
    "newcombe2006": Reference(
        "R. G. Newcombe. Confidence Intervals for an Effect Size Measure Based on the Mann-Whitney Statistic. Part 2: "
        "Asymptotic Methods and Evaluation. Statistics in Medicine 25, 2006.",
        "https://doi.org/10.1002/sim.2324",
    ),
    "cohen1960": Reference(
        "J. Cohen. A Coefficient of Agreement for Nominal Scales. Educational and Psychological Measurement 20, 1960.",
        "https://doi.org/10.1177/001316446002000104",
    ),
    "matab2024": Reference(
        "D. Matab, E. Mocanu, B. Wu. Survival of the Most Connected: An Understanding of How Sparse Neural Networks "
        "Grow. University of Twente, 2024.",
        "",
    ),
    "mocanu2018": Reference(
        "D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu, A. Liotta. Scalable training of artificial "
        "neural networks with adaptive sparse connectivity inspired by network science. Nature Communications 9, 2018.",
        "https://doi.org/10.1038/s41467-018-04316-3",
    ),
    "evci2020": Reference(
        "U. Evci, T. Gale, J. Menick, P. S. Castro, E. Elsen. Rigging the Lottery: Making All Tickets Winners. "
        "ICML 2020.",
        "https://arxiv.org/abs/1911.11134",
    ),
    "dettmers2019": Reference(
        "T. Dettmers, L. Zettlemoyer. Sparse Networks from Scratch: Faster Training without Losing Performance. 2019.",
        "https://arxiv.org/abs/1907.04840",
    ),
    "wortsman2019": Reference(
        "M. Wortsman, A. Farhadi, M. Rastegari. Discovering Neural Wirings. NeurIPS 2019.",
        "https://arxiv.org/abs/1906.00586",
    ),
    "vangelder2020": Reference(
        "M. Van Gelder, M. Wortsman, K. Ehsani. Deconstructing the Structure of Sparse Neural Networks. 2020.",
        "https://arxiv.org/abs/2012.00172",
    ),
    "han2015": Reference(
        "S. Han, J. Pool, J. Tran, W. J. Dally. Learning both Weights and Connections for Efficient Neural Networks. "
        "NeurIPS 2015.",
        "https://arxiv.org/abs/1506.02626",
    ),
    "zhu2017": Reference(
        "M. Zhu, S. Gupta. To Prune, or Not to Prune: Exploring the Efficacy of Pruning for Model Compression. 2017.",
        "https://arxiv.org/abs/1710.01878",
    ),
    "frankle2019": Reference(
        "J. Frankle, M. Carbin. The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks. ICLR 2019.",
        "https://arxiv.org/abs/1803.03635",
    ),
    "frankle2020": Reference(
        "J. Frankle, G. K. Dziugaite, D. M. Roy, M. Carbin. Linear Mode Connectivity and the Lottery Ticket "
        "Hypothesis. ICML 2020.",
        "https://arxiv.org/abs/1912.05671",
    ),
    "lee2019": Reference(
        "N. Lee, T. Ajanthan, P. H. S. Torr. SNIP: Single-shot Network Pruning Based on Connection Sensitivity. "
        "ICLR 2019.",
        "https://arxiv.org/abs/1810.02340",
    ),
    "wang2020": Reference(
        "C. Wang, G. Zhang, R. Grosse. Picking Winning Tickets Before Training by Preserving Gradient Flow. ICLR 2020.",
        "https://arxiv.org/abs/2002.07376",
    ),
    "alford2019": Reference(
        "S. Alford, R. Robinett, L. Milechin, J. Kepner. Training Behavior of Sparse Neural Network Topologies. "
        "HPEC 2019.",
        "https://doi.org/10.1109/HPEC.2019.8916385",
    ),
    "robinett2019": Reference(
        "R. A. Robinett, J. Kepner. RadiX-Net: Structured Sparse Matrices for Deep Neural Networks. IPDPSW 2019.",
        "https://arxiv.org/abs/1905.00416",
    ),
    "jin2016": Reference(
        "X. Jin, C. Xu, J. Feng, Y. Wei, J. Xiong, S. Yan. Deep Learning with S-Shaped Rectified Linear Activation "
        "Units. AAAI 2016.",
        "https://arxiv.org/abs/1512.07030",
    ),
    "sokal1958": Reference(
        "R. R. Sokal, C. D. Michener. A Statistical Method for Evaluating Systematic Relationships. University of "
        "Kansas Science Bulletin 38, 1958.",
        "",
    ),
    "sokal1962": Reference(
        "R. R. Sokal, F. J. Rohlf. The Comparison of Dendrograms by Objective Methods. Taxon 11, 1962.",
        "https://doi.org/10.2307/1217208",
    ),
    "barjoseph2001": Reference(
        "Z. Bar-Joseph, D. K. Gifford, T. S. Jaakkola. Fast Optimal Leaf Ordering for Hierarchical Clustering. "
        "Bioinformatics 17, 2001.",
        "https://doi.org/10.1093/bioinformatics/17.suppl_1.S22",
    ),
    "torgerson1952": Reference(
        "W. S. Torgerson. Multidimensional Scaling: I. Theory and Method. Psychometrika 17, 1952.",
        "https://doi.org/10.1007/BF02288916",
    ),
    "gower1966": Reference(
        "J. C. Gower. Some Distance Properties of Latent Root and Vector Methods Used in Multivariate Analysis. "
        "Biometrika 53, 1966.",
        "https://doi.org/10.1093/biomet/53.3-4.325",
    ),
    "mardia1978": Reference(
        "K. V. Mardia. Some Properties of Classical Multi-Dimensional Scaling. Communications in Statistics: Theory "
        "and Methods 7, 1978.",
        "https://doi.org/10.1080/03610927808827707",
    ),
    "kruskal1964": Reference(
        "J. B. Kruskal. Multidimensional Scaling by Optimizing Goodness of Fit to a Nonmetric Hypothesis. "
        "Psychometrika 29, 1964.",
        "https://doi.org/10.1007/BF02289565",
    ),
    "deleeuw2009": Reference(
        "J. de Leeuw, P. Mair. Multidimensional Scaling Using Majorization: SMACOF in R. Journal of Statistical "
        "Software 31, 2009.",
        "https://doi.org/10.18637/jss.v031.i03",
    ),
    "mantel1967": Reference(
        "N. Mantel. The Detection of Disease Clustering and a Generalized Regression Approach. Cancer Research 27, "
        "1967.",
        "https://pubmed.ncbi.nlm.nih.gov/6018555/",
    ),
    "phipson2010": Reference(
        "B. Phipson, G. K. Smyth. Permutation P-values Should Never Be Zero: Calculating Exact P-values When "
        "Permutations Are Randomly Drawn. Statistical Applications in Genetics and Molecular Biology 9, 2010.",
        "https://doi.org/10.2202/1544-6115.1585",
    ),
    "guillot2013": Reference(
        "G. Guillot, F. Rousset. Dismantling the Mantel Tests. Methods in Ecology and Evolution 4, 2013.",
        "https://doi.org/10.1111/2041-210x.12018",
    ),
    "strona2014": Reference(
        "G. Strona, D. Nappo, F. Boccacci, S. Fattorini, J. San-Miguel-Ayanz. A Fast and Unbiased Procedure to "
        "Randomize Ecological Binary Matrices with Fixed Row and Column Totals. Nature Communications 5, 2014.",
        "https://doi.org/10.1038/ncomms5114",
    ),
    "carstens2018": Reference(
        "C. J. Carstens, M. Hamann, U. Meyer, M. Penschuck, H. Tran, D. Wagner. Parallel and I/O-efficient "
        "Randomisation of Massive Networks using Global Curveball Trades. ESA 2018.",
        "https://doi.org/10.4230/LIPIcs.ESA.2018.11",
    ),
    "jaccard1912": Reference(
        "P. Jaccard. The Distribution of the Flora in the Alpine Zone. New Phytologist 11, 1912.",
        "https://doi.org/10.1111/j.1469-8137.1912.tb05611.x",
    ),
    "liu2021": Reference(
        "S. Liu, L. Yin, D. C. Mocanu, M. Pechenizkiy. Do We Actually Need Dense Over-Parameterization? In-Time "
        "Over-Parameterization in Sparse Training. ICML 2021.",
        "https://arxiv.org/abs/2102.02887",
    ),
    "kaplan1958": Reference(
        "E. L. Kaplan, P. Meier. Nonparametric Estimation from Incomplete Observations. Journal of the American "
        "Statistical Association 53, 1958.",
        "https://doi.org/10.1080/01621459.1958.10501452",
    ),
    "brookmeyer1982": Reference(
        "R. Brookmeyer, J. Crowley. A Confidence Interval for the Median Survival Time. Biometrics 38, 1982.",
        "https://doi.org/10.2307/2530286",
    ),
    "mantel1966": Reference(
        "N. Mantel. Evaluation of Survival Data and Two New Rank Order Statistics Arising in Its Consideration. "
        "Cancer Chemotherapy Reports 50, 1966.",
        "",
    ),
    "gini1912": Reference("C. Gini. Variabilità e mutabilità. Bologna, 1912.", ""),
    "hill1973": Reference(
        "M. O. Hill. Diversity and Evenness: A Unifying Notation and Its Consequences. Ecology 54, 1973.",
        "https://doi.org/10.2307/1934352",
    ),
    "newman2001": Reference(
        "M. E. J. Newman. Clustering and Preferential Attachment in Growing Networks. Physical Review E 64, 2001.",
        "https://doi.org/10.1103/PhysRevE.64.025102",
    ),
    "jeong2003": Reference(
        "H. Jeong, Z. Neda, A. L. Barabasi. Measuring Preferential Attachment in Evolving Networks. Europhysics "
        "Letters 61, 2003.",
        "https://doi.org/10.1209/epl/i2003-00166-9",
    ),
    "pham2015": Reference(
        "T. Pham, P. Sheridan, H. Shimodaira. PAFit: A Statistical Method for Measuring Preferential Attachment in "
        "Temporal Complex Networks. PLoS ONE 10, 2015.",
        "https://doi.org/10.1371/journal.pone.0137796",
    ),
    "prentice1978": Reference(
        "R. L. Prentice, L. A. Gloeckler. Regression Analysis of Grouped Survival Data with Application to Breast "
        "Cancer Data. Biometrics 34, 1978.",
        "https://doi.org/10.2307/2529588",
    ),
    "kunsch1989": Reference(
        "H. R. Künsch. The Jackknife and the Bootstrap for General Stationary Observations. Annals of Statistics 17, "
        "1989.",
        "https://doi.org/10.1214/aos/1176347265",
    ),
    "holm1979": Reference(
        "S. Holm. A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian Journal of Statistics 6, 1979.",
        "https://www.jstor.org/stable/4615733",
    ),
    "frankle2021": Reference(
        "J. Frankle, G. K. Dziugaite, D. M. Roy, M. Carbin. Pruning Neural Networks at Initialization: Why Are We "
        "Missing the Mark? ICLR 2021.",
        "https://arxiv.org/abs/2009.08576",
    ),
    "su2020": Reference(
        "J. Su, Y. Chen, T. Cai, T. Wu, R. Gao, L. Wang, J. D. Lee. Sanity-Checking Pruning Methods: Random Tickets "
        "can Win the Jackpot. NeurIPS 2020.",
        "https://arxiv.org/abs/2009.11094",
    ),
    "moran1950": Reference(
        "P. A. P. Moran. Notes on Continuous Stochastic Phenomena. Biometrika 37, 1950.",
        "https://doi.org/10.1093/biomet/37.1-2.17",
    ),
    "cliff1981": Reference("A. D. Cliff, J. K. Ord. Spatial Processes: Models and Applications. Pion, 1981.", ""),
    "lotwick1982": Reference(
        "H. W. Lotwick, B. W. Silverman. Methods for Analysing Spatial Processes of Several Types of Points. Journal "
        "of the Royal Statistical Society B 44, 1982.",
        "https://doi.org/10.1111/j.2517-6161.1982.tb01221.x",
    ),
    "ruzicka1958": Reference(
        "M. Ružička. Anwendung mathematisch-statistischer Methoden in der Geobotanik (synthetische Bearbeitung von "
        "Aufnahmen). Biológia, Bratislava 13, 1958.",
        "",
    ),
    "vanengers2021": Reference(
        "V. van Engers. Towards Understanding and Modelling Sparse Training Algorithms at Extreme Sparsity Regime. "
        "35th Twente Student Conference on IT, 2021.",
        "",
    ),
    "golub1973": Reference(
        "G. H. Golub, V. Pereyra. The Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose "
        "Variables Separate. SIAM Journal on Numerical Analysis 10, 1973.",
        "https://doi.org/10.1137/0710036",
    ),
    "wu1986": Reference(
        "C. F. J. Wu. Jackknife, Bootstrap and Other Resampling Methods in Regression Analysis. Annals of Statistics "
        "14, 1986.",
        "https://doi.org/10.1214/aos/1176350142",
    ),
    "weisfeiler1968": Reference(
        "B. Weisfeiler, A. Leman. The Reduction of a Graph to Canonical Form and the Algebra Which Appears Therein. "
        "Nauchno-Tekhnicheskaya Informatsia 2(9), 1968.",
        "https://www.iti.zcu.cz/wl2018/pdf/wl_paper_translation.pdf",
    ),
    "junttila2007": Reference(
        "T. Junttila, P. Kaski. Engineering an Efficient Canonical Labeling Tool for Large and Sparse Graphs. "
        "ALENEX 2007.",
        "https://doi.org/10.1137/1.9781611972870.13",
    ),
    "jonker1987": Reference(
        "R. Jonker, A. Volgenant. A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment "
        "Problems. Computing 38, 1987.",
        "https://doi.org/10.1007/BF02278710",
    ),
    "hunter2004": Reference(
        "D. R. Hunter, K. Lange. A Tutorial on MM Algorithms. The American Statistician 58, 2004.",
        "https://doi.org/10.1198/0003130042836",
    ),
    "ainsworth2023": Reference(
        "S. K. Ainsworth, J. Hayase, S. Srinivasa. Git Re-Basin: Merging Models modulo Permutation Symmetries. "
        "ICLR 2023.",
        "https://arxiv.org/abs/2209.04836",
    ),
}

# The distance, its ties, the assignment behind it, distances of weights, and refinement.
_NNSTD = (
    "liu2020",
    "jaccard1912",
    "weisfeiler1968",
    "junttila2007",
    "jonker1987",
    "ruzicka1958",
    "hunter2004",
    "ainsworth2023",
)

_MIXED = tuple("-".join(pair) for pair in permutations(("random", "gradient", "momentum"), 2))

ANALYZER_REFERENCES = {
    "degrees": ("matab2024",),
    "power_law": ("clauset2009", "alstott2014", "vuong1989", "broido2019", "barrat2004", "wilson1927"),
    "kshell": ("batagelj2003", "carmi2007", "matab2024"),
    "onion_layers": ("hebert2016",),
    "weighted_kshell": ("garas2012", "batagelj2002"),
    "bipartite_core": ("ahmed2007", "liub2020"),
    "shell_layout": ("alvarez2005",),
    "dormant": ("matab2024", "vysogorets2023"),
    "effective_sparsity": ("vysogorets2023", "tanaka2020"),
    "dormancy_join": ("sokar2023", "matab2024", "delong1988", "newcombe2006", "cohen1960"),
    "tau_dormant": ("sokar2023",),
    "rank_evolution": ("kendall1945", "knight1966", "spearman1904", "matab2024"),
    "input_map": ("mocanu2018", "matab2024"),
    "nnstd": _NNSTD,
    "nnstd_matrix": _NNSTD,
    "nnstd_between": _NNSTD,
    "nnstd_against": _NNSTD,
    "nnstd_consecutive": _NNSTD,
    "align": _NNSTD,
    "hierarchy": ("sokal1958", "sokal1962", "barjoseph2001"),
    "network_map": ("torgerson1952", "gower1966", "mardia1978", "kruskal1964", "deleeuw2009"),
    "mantel": ("mantel1967", "phipson2010", "guillot2013"),
    "nnstd_chance": (*_NNSTD, "strona2014", "carstens2018", "phipson2010"),
    "nnstd_chance_matrix": _NNSTD,
    "edge_changes": ("jaccard1912", "liu2021"),
    "edge_survival": ("kaplan1958", "brookmeyer1982", "mantel1966"),
    "exploration": ("liu2021",),
    "degree_inequality": ("gini1912", "hill1973"),
    "degree_persistence": ("vangelder2020", "kendall1945", "knight1966", "spearman1904", "phipson2010"),
    "attachment": ("jeong2003", "newman2001", "pham2015", "prentice1978", "kunsch1989", "phipson2010", "holm1979"),
    "against_null": ("phipson2010", "holm1979", "strona2014", "carstens2018", "frankle2021", "su2020"),
    "input_significance": ("mocanu2018", "holm1979"),
    "input_change": ("mocanu2018",),
    "accuracy_law": ("vanengers2021", "golub1973", "wu1986", "phipson2010"),
    "input_correlation": ("lotwick1982", "phipson2010"),
    "moran": ("moran1950", "cliff1981", "phipson2010"),
    "set": ("mocanu2018",),
    "rigl": ("evci2020",),
    "snfs": ("dettmers2019",),
    "snfs-masked": ("dettmers2019",),
    **dict.fromkeys(_MIXED, ("matab2024",)),
    "dnw": ("wortsman2019",),
    "dnw-frozen": ("wortsman2019", "vangelder2020"),
    "gradual": ("zhu2017",),
    "one-shot": ("han2015",),
    "imp": ("frankle2019", "frankle2020"),
    "snip": ("lee2019",),
    "grasp": ("wang2020",),
    "synflow": ("tanaka2020",),
    "radix_net": ("robinett2019",),
    "srelu": ("jin2016",),
    "erdos_renyi": ("mocanu2018",),
    "erk": ("evci2020",),
    "rewired": ("liu2020",),
    "same_degrees": ("strona2014", "carstens2018"),
    "same_density": ("frankle2021", "su2020"),
}


def cite(name: str) -> str:
    """The publications behind an analyzer, a method, a generator, or a reference key, one per line.

    Raises
    ------
    UnknownNameError
        Neither; the near names are listed.
    """
    keys = ANALYZER_REFERENCES.get(name, (name,))
    if any(key not in REFERENCES for key in keys):
        raise UnknownNameError("citation", name, {*REFERENCES, *ANALYZER_REFERENCES})
    return "\n".join(f"{REFERENCES[key].text} {REFERENCES[key].url}".strip() for key in keys)
